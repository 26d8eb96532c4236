"""What web apps and pipelines need: CloudFormation's calls, and those that it makes for a stack.

CloudFormation works with the permissions of whoever asks it. What it needs for a stack's resources
is therefore allowed too, on resources that carry the project's name, and only through it
(``aws:CalledVia``): by hand none of it may be called.
"""

from typing import Any, Final, NamedTuple

from reviewdesk.aws.control.resources import PREFIX
from reviewdesk.aws.control.session import TAG, Account
from reviewdesk.aws.control.statements import Statement, allow

CALLED_VIA: Final = {
    "ForAnyValue:StringEquals": {"aws:CalledVia": ["cloudformation.amazonaws.com"]}
}
LAMBDA: Final = "lambda.amazonaws.com"
STATES: Final = "states.amazonaws.com"
SCHEDULER: Final = "scheduler.amazonaws.com"
REGISTRY: Final = ".dkr.ecr."


class StackPart(NamedTuple):
    """What CloudFormation calls for some kinds of resources.

    Args:
        kinds: as templates name them.
        places: the resources' ARNs, behind the partition.
        makes: what making and changing needs.
        ends: what deleting needs.
    """

    kinds: tuple[str, ...]
    places: tuple[str, ...]
    makes: tuple[str, ...]
    ends: tuple[str, ...]


ROLES: Final = StackPart(
    ("AWS::IAM::Role",),
    ("iam::{account}:role/{stack}",),
    ("iam:CreateRole", "iam:PutRolePolicy", "iam:TagRole", "iam:UpdateAssumeRolePolicy"),
    (
        *("iam:DeleteRole", "iam:DeleteRolePolicy", "iam:GetRole", "iam:GetRolePolicy"),
        *("iam:ListAttachedRolePolicies", "iam:ListRolePolicies"),
    ),
)
WEBAPP: Final = (
    ROLES,
    StackPart(
        ("AWS::Logs::LogGroup",),
        ("logs:{region}:{account}:log-group:/aws/lambda/{stack}",),
        ("logs:CreateLogGroup", "logs:PutRetentionPolicy", "logs:TagResource"),
        ("logs:DeleteLogGroup", "logs:DescribeLogGroups", "logs:ListTagsForResource"),
    ),
    StackPart(
        ("AWS::Lambda::Function", "AWS::Lambda::Permission", "AWS::Lambda::Url"),
        ("lambda:{region}:{account}:function:{stack}",),
        (
            *("lambda:AddPermission", "lambda:CreateFunction", "lambda:CreateFunctionUrlConfig"),
            *("lambda:PutFunctionConcurrency", "lambda:TagResource", "lambda:UpdateFunctionCode"),
            *("lambda:UpdateFunctionConfiguration", "lambda:UpdateFunctionUrlConfig"),
        ),
        (
            *("lambda:DeleteFunction", "lambda:DeleteFunctionUrlConfig", "lambda:GetFunction"),
            *("lambda:GetFunctionUrlConfig", "lambda:GetPolicy", "lambda:RemovePermission"),
        ),
    ),
    StackPart(
        ("AWS::S3::Bucket", "AWS::S3::BucketPolicy"),
        ("s3:::{stack}",),
        (
            *("s3:CreateBucket", "s3:PutBucketOwnershipControls", "s3:PutBucketPolicy"),
            *("s3:PutBucketPublicAccessBlock", "s3:PutBucketTagging"),
            "s3:PutEncryptionConfiguration",
        ),
        ("s3:DeleteBucket", "s3:DeleteBucketPolicy", "s3:GetBucketPolicy"),
    ),
    StackPart(
        (
            *("AWS::CloudFront::Distribution", "AWS::CloudFront::OriginAccessControl"),
            "AWS::CloudFront::ResponseHeadersPolicy",
        ),
        (
            "cloudfront::{account}:distribution/*",
            "cloudfront::{account}:origin-access-control/*",
            "cloudfront::{account}:response-headers-policy/*",
        ),
        (
            *("cloudfront:CreateDistribution", "cloudfront:CreateOriginAccessControl"),
            *("cloudfront:CreateResponseHeadersPolicy", "cloudfront:TagResource"),
            *("cloudfront:UpdateOriginAccessControl", "cloudfront:UpdateResponseHeadersPolicy"),
        ),
        (
            *("cloudfront:DeleteDistribution", "cloudfront:DeleteOriginAccessControl"),
            *("cloudfront:DeleteResponseHeadersPolicy", "cloudfront:GetDistribution"),
            *("cloudfront:GetDistributionConfig", "cloudfront:GetOriginAccessControl"),
            # A distribution is switched off before it is deleted.
            *("cloudfront:GetResponseHeadersPolicy", "cloudfront:UpdateDistribution"),
        ),
    ),
    StackPart(
        (
            *("AWS::ApiGateway::Deployment", "AWS::ApiGateway::GatewayResponse"),
            *("AWS::ApiGateway::Method", "AWS::ApiGateway::Resource", "AWS::ApiGateway::RestApi"),
            *("AWS::ApiGateway::Stage", "AWS::ApiGatewayV2::Api"),
            *("AWS::ApiGatewayV2::Integration", "AWS::ApiGatewayV2::Route"),
            "AWS::ApiGatewayV2::Stage",
        ),
        tuple(
            f"apigateway:{{region}}::/{path}"
            for path in ("apis", "apis/*", "restapis", "restapis/*", "tags/*")
        ),
        ("apigateway:PATCH", "apigateway:POST", "apigateway:PUT"),
        ("apigateway:DELETE", "apigateway:GET"),
    ),
)
PIPELINE: Final = (
    ROLES,
    StackPart(
        ("AWS::StepFunctions::StateMachine",),
        ("states:{region}:{account}:stateMachine:{stack}",),
        ("states:CreateStateMachine", "states:TagResource", "states:UpdateStateMachine"),
        ("states:DeleteStateMachine", "states:DescribeStateMachine", "states:ListTagsForResource"),
    ),
    StackPart(
        ("AWS::Scheduler::Schedule",),
        ("scheduler:{region}:{account}:schedule/default/{stack}",),
        ("scheduler:CreateSchedule", "scheduler:UpdateSchedule"),
        ("scheduler:DeleteSchedule", "scheduler:GetSchedule"),
    ),
    StackPart(
        ("AWS::SNS::Topic",),
        ("sns:{region}:{account}:{stack}",),
        ("sns:CreateTopic", "sns:SetTopicAttributes", "sns:Subscribe", "sns:TagResource"),
        (
            *("sns:DeleteTopic", "sns:GetTopicAttributes", "sns:ListSubscriptionsByTopic"),
            *("sns:ListTagsForResource", "sns:Unsubscribe"),
        ),
    ),
)


class StackPolicies:
    """Statements for stacks of one project.

    Args:
        account: whose they are.
    """

    def __init__(self, account: Account) -> None:
        self._account = account
        self._names = f"{PREFIX}{account.project}-*"

    def webapp_deploy(self) -> list[Statement]:
        """Return what making and changing a web app needs, but its bundles."""
        return [
            *self._stacks(deploy=True),
            *self._parts(WEBAPP, deploy=True),
            self._pass((LAMBDA,)),
            allow(["ecr:GetRepositoryPolicy", "ecr:SetRepositoryPolicy"], [self._repository()],
                  CALLED_VIA),
            *self._vpc(),
            allow(["s3:PutObject"], [self._bucket("/index.html")]),
            *self.files(),
        ]  # fmt: skip

    def webapp_delete(self) -> list[Statement]:
        """Return what deleting a web app needs."""
        parts = self._parts(WEBAPP, deploy=False)
        return [*self._stacks(deploy=False), *parts, *self._vpc(), *self.files()]

    def pipeline_deploy(self) -> list[Statement]:
        """Return what making and changing the pipeline needs."""
        return [
            *self._stacks(deploy=True),
            *self._parts(PIPELINE, deploy=True),
            self._pass((SCHEDULER, STATES)),
        ]

    def pipeline_delete(self) -> list[Statement]:
        """Return what deleting the pipeline needs."""
        return [*self._stacks(deploy=False), *self._parts(PIPELINE, deploy=False)]

    def contents(self) -> list[Statement]:
        """Return what CloudFormation needs to delete whatever stacks hold."""
        return self._parts((*WEBAPP, *PIPELINE[1:]), deploy=False)

    def files(self) -> list[Statement]:
        """Return what emptying the buckets of web apps needs."""
        return [
            allow(["s3:ListBucketVersions"], [self._bucket()]),
            allow(["s3:DeleteObject", "s3:DeleteObjectVersion"], [self._bucket("/*")]),
        ]

    def _stacks(self, *, deploy: bool) -> list[Statement]:
        stacks = [self._account.arn("cloudformation", f"stack/{self._names}/*")]
        project = self._account.project
        ends = ["DeleteStack", "DescribeStackEvents", "DescribeStackResources", "DescribeStacks"]
        statements = [allow([f"cloudformation:{one}" for one in ends], stacks)]
        if deploy:
            actions = [f"cloudformation:{one}" for one in ("CreateStack", "UpdateStack")]
            tagged: dict[str, Any] = {"StringEquals": {f"aws:RequestTag/{TAG}": project}}
            statements.append(allow(actions, stacks, tagged))
            statements.append(allow(["cloudformation:TagResource"], stacks))
        return statements

    def _parts(self, parts: tuple[StackPart, ...], *, deploy: bool) -> list[Statement]:
        return [
            allow(
                (*part.makes, *part.ends) if deploy else part.ends,
                [self._arn(place) for place in part.places],
                CALLED_VIA,
            )
            for part in parts
        ]

    def _arn(self, place: str) -> str:
        account = self._account
        named = place.format(region=account.region, account=account.number, stack=self._names)
        return f"arn:{account.partition}:{named}"

    def _bucket(self, path: str = "") -> str:
        return f"{self._arn('s3:::{stack}')}{path}"

    def _pass(self, services: tuple[str, ...]) -> Statement:
        condition = {"StringEquals": {"iam:PassedToService": list(services)}}
        return allow(["iam:PassRole"], [self._arn(ROLES.places[0])], condition)

    def _repository(self) -> str:
        """Return the image's repository in ECR, which Lambda lets itself read; any without one."""
        registry, _, image = self._account.settings.image.partition("/")
        name = image.partition("@")[0].partition(":")[0]
        if REGISTRY not in registry or not name:
            return self._account.arn("ecr", "repository/*")
        owner, region = registry.split(".")[0], registry.partition(REGISTRY)[2].split(".")[0]
        return f"arn:{self._account.partition}:ecr:{region}:{owner}:repository/{name}"

    def _vpc(self) -> list[Statement]:
        if not self._account.settings.subnets:
            return []
        names = ("DescribeSecurityGroups", "DescribeSubnets", "DescribeVpcs")
        return [allow([f"ec2:{name}" for name in names], ["*"], CALLED_VIA)]
