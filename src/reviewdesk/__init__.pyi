from reviewdesk.api.aws import emulate as emulate
from reviewdesk.api.aws import local_web_app as local_web_app
from reviewdesk.api.aws import transform as transform
from reviewdesk.api.aws_account import aws_delete as aws_delete
from reviewdesk.api.aws_account import aws_deploy as aws_deploy
from reviewdesk.api.aws_account import aws_status as aws_status
from reviewdesk.api.desk import Decisions as Decisions
from reviewdesk.api.desk import desk as desk
from reviewdesk.api.endpoint import RemoteModel as RemoteModel
from reviewdesk.api.endpoint import endpoint as endpoint
from reviewdesk.api.experiments import ExperimentStatus as ExperimentStatus
from reviewdesk.api.experiments import experiment as experiment
from reviewdesk.api.exploration import Explored as Explored
from reviewdesk.api.exploration import explore as explore
from reviewdesk.api.findings import FindingsTable as FindingsTable
from reviewdesk.api.findings import find as find
from reviewdesk.api.graph import ReviewGraph as ReviewGraph
from reviewdesk.api.graph import graph as graph
from reviewdesk.api.job import Job as Job
from reviewdesk.api.job import run as run
from reviewdesk.api.measuring import evaluate_predictions as evaluate_predictions
from reviewdesk.api.model import Model as Model
from reviewdesk.api.model import load as load
from reviewdesk.api.model import train as train
from reviewdesk.api.monitoring import monitor as monitor
from reviewdesk.api.reviews import Reviews as Reviews
from reviewdesk.api.reviews import prepare as prepare
from reviewdesk.api.reviews import read as read
from reviewdesk.api.selection import Models as Models
from reviewdesk.api.selection import blend as blend
from reviewdesk.api.selection import compare as compare
from reviewdesk.api.tuning import tune as tune

__all__: list[str]
__version__: str
