"""Frozen settings, one class a step: every option's name, default, meaning and bounds stand here.

The command line, the documentation and the manifests read these classes, so that an option is
written down once.
"""

from reviewdesk.settings.data import (
    CleanSettings,
    DemoSettings,
    EngineSettings,
    PrepareSettings,
    SampleSettings,
    SourceSettings,
)
from reviewdesk.settings.declaration import Limits, Search, Settings, setting
from reviewdesk.settings.findings import PlantSettings, PromiseSettings
from reviewdesk.settings.models import (
    OWN,
    SENTIMENT,
    SEVERAL,
    ExportSettings,
    SplitSettings,
    TargetSettings,
    TextSettings,
)
from reviewdesk.settings.serving import EACH_REQUEST_ANEW, ServeSettings, TrafficSettings

__all__ = [
    "EACH_REQUEST_ANEW",
    "OWN",
    "SENTIMENT",
    "SEVERAL",
    "CleanSettings",
    "DemoSettings",
    "EngineSettings",
    "ExportSettings",
    "Limits",
    "PlantSettings",
    "PrepareSettings",
    "PromiseSettings",
    "SampleSettings",
    "Search",
    "ServeSettings",
    "Settings",
    "SourceSettings",
    "SplitSettings",
    "TargetSettings",
    "TextSettings",
    "TrafficSettings",
    "setting",
]
