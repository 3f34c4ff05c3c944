"""Who watches a service on SageMaker, and who hears of trouble: alarms, topic and dashboard of CloudWatch."""
