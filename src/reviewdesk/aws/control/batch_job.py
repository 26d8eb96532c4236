"""A batch transform with an account: files sent, labelled by machines that end, and fetched."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from reviewdesk.aws.control.costs import UNKNOWN
from reviewdesk.aws.control.endpoint_plan import model_request
from reviewdesk.aws.control.job_watch import COMPLETED, JobLog, watch
from reviewdesk.aws.control.prices import TRANSFORM
from reviewdesk.aws.control.session import Account
from reviewdesk.aws.control.settings import TransformJobSettings
from reviewdesk.aws.control.training_request import job_name, jobs_prefix
from reviewdesk.aws.control.transfer import Address, address, download, own_prefix, upload_folder
from reviewdesk.aws.control.work import Work
from reviewdesk.errors import UsageError
from reviewdesk.s3 import SCHEME

LOG: Final = "/aws/sagemaker/TransformJobs"
ANSWERED_AS: Final = {"text/x-libsvm": "text/csv"}
PATIENCE_SECONDS: Final = 7 * 86400.0


@dataclass(frozen=True)
class TransformedFiles:
    """What became of a batch transform.

    Args:
        name: of the job.
        status: as SageMaker says it; empty if it was not waited for.
        reason: why it failed; empty otherwise.
        output: where its answers lie on S3.
        files: those that were fetched.
    """

    name: str
    status: str = ""
    reason: str = ""
    output: str = ""
    files: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {**vars(self), "files": list(self.files)}


class Transformer(Work):
    """Runs batch transforms in one account."""

    def transform(
        self, endpoint: str, data: str, settings: TransformJobSettings, out: Path
    ) -> TransformedFiles:
        """Have files labelled by an endpoint's model, or another, and fetch the answers.

        Args:
            endpoint: whose model labels, where ``settings`` names no other.
            data: a file or folder, local or on S3, with a record a line.
            settings: what labels, and on what.
            out: folder for the answers, one ``NAME.out`` for each file.

        Raises:
            UsageError: something is missing or wrong; nothing was sent.
            ServiceError: AWS refuses.
        """
        account = self.account
        account.require_credentials()
        name = job_name(account.project, "label", datetime.now(UTC))
        price = self.prices.hourly(TRANSFORM, settings.instance)
        self.hear(
            UNKNOWN
            if price is None
            else f"{price.hourly * settings.instances:,.3f} {price.currency} an hour while it runs "
            f"(price of {price.day}, {price.source})"
        )
        model = self._model(endpoint, settings)
        where = self._data(data)
        results = jobs_prefix(account, name).below("answers")
        request = transform_request(account, name, model, where, results, settings)
        account.call("sagemaker", "create_transform_job", **request)
        if account.dry_run:
            return TransformedFiles(name)
        said = watch(
            account,
            "describe_transform_job",
            {"TransformJobName": name},
            "TransformJobStatus",
            JobLog(account, LOG, name, self.hear),
            hear=self.hear,
            poll_seconds=self.poll_seconds,
            patience_seconds=PATIENCE_SECONDS,
        )
        status = said["TransformJobStatus"]
        files = self._fetch(results, out) if status == COMPLETED else ()
        return TransformedFiles(name, status, said.get("FailureReason", ""), str(results), files)

    def _model(self, endpoint: str, settings: TransformJobSettings) -> str:
        """Return the name of the model that labels; one that is given is made."""
        account = self.account
        if settings.model:
            request = model_request(account, endpoint, settings.model, {}, self.progress)
            name = str(request["ModelName"])
            if account.look("sagemaker", "describe_model", ModelName=name) is None:
                account.call("sagemaker", "create_model", **request)
            return name
        there = account.look("sagemaker", "describe_endpoint", EndpointName=endpoint)
        if there is None:
            raise UsageError(f"there is no endpoint {endpoint}; give --model instead")
        config = account.call(
            *("sagemaker", "describe_endpoint_config"),
            EndpointConfigName=there["EndpointConfigName"],
        )
        return str(config["ProductionVariants"][0]["ModelName"])

    def _data(self, data: str) -> Address:
        if data.startswith(SCHEME):
            return address(data)
        path = Path(data)
        if not path.exists():
            raise UsageError(f"{data} does not exist; give a file, a folder, or s3://BUCKET/KEY")
        where = own_prefix(self.account).below(f"data/transform/{path.resolve().name}/")
        upload_folder(self.account, path, where, self.progress)
        return where

    def _fetch(self, results: Address, out: Path) -> tuple[str, ...]:
        """Fetch every answer; keys decide only which names below the folder they get."""
        prefix = f"{results.key.rstrip('/')}/"
        listing = self.account.pages(
            "s3", "list_objects_v2", "Contents", Bucket=results.bucket, Prefix=prefix
        )
        files = []
        for one in list(listing):
            name = one["Key"].removeprefix(prefix)
            parts = name.split("/")
            if any(part in ("", ".", "..") or "\\" in part or "\0" in part for part in parts):
                continue
            file = out.joinpath(*parts)
            download(self.account, Address(results.bucket, one["Key"]), file, self.progress)
            files.append(str(file))
        return tuple(files)


def transform_request(
    account: Account,
    name: str,
    model: str,
    data: Address,
    results: Address,
    settings: TransformJobSettings,
) -> dict[str, Any]:
    """Return the request of a batch transform.

    Raises:
        UsageError: requests at a time would be larger together than SageMaker takes.
    """
    if settings.payload_mb * settings.at_once > 100:
        raise UsageError("payload_mb times at_once must be at most 100")
    key = account.settings.kms_key
    return {
        "TransformJobName": name,
        "ModelName": model,
        "BatchStrategy": "MultiRecord",
        "MaxPayloadInMB": settings.payload_mb,
        "MaxConcurrentTransforms": settings.at_once,
        "TransformInput": {
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": str(data)}},
            "ContentType": settings.content_type,
            "SplitType": "Line",
        },
        "TransformOutput": {
            "S3OutputPath": str(results),
            "Accept": ANSWERED_AS.get(settings.content_type, settings.content_type),
            "AssembleWith": "Line",
            **({"KmsKeyId": key} if key else {}),
        },
        "TransformResources": {
            "InstanceType": settings.instance,
            "InstanceCount": settings.instances,
            **({"VolumeKmsKeyId": key} if key else {}),
        },
        "Tags": account.tag_list(),
    }
