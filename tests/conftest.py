from hypothesis import settings

settings.register_profile("modelport", deadline=None, max_examples=60)
settings.load_profile("modelport")
