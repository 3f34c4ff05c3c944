from modelport.plan import UNBUILT

CAPABILITIES = UNBUILT
