"""The web app as a CloudFormation template: gateway, function, role, log, and the page's site.

Plain resources and no transform: `create_stack` takes it as it is. The bucket is private, and
CloudFront alone reads it.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from reviewdesk.aws.control.template_parts import policy, resource, service_role
from reviewdesk.aws.webapp.gateway_events import HTTP_FIRST, REST, STAGE, URL
from reviewdesk.aws.webapp.settings import WebappSettings

FUNCTION_SECONDS: Final = 29
INTEGRATION_MS: Final = 29_000
LOG_DAYS: Final = 30
NOT_CACHED: Final = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"  # CloudFront's policy CachingDisabled
HANDLER: Final = "reviewdesk.aws.webapp.function.handle"
CODES: Final = {
    "DEFAULT_4XX": "bad_request",
    "DEFAULT_5XX": "error",
    "INTEGRATION_TIMEOUT": "upstream_timeout",
    "INTEGRATION_FAILURE": "upstream_failed",
    "REQUEST_TOO_LARGE": "payload_too_large",
    "THROTTLED": "overloaded",
}
"""What a REST API itself refuses, and the code in the one JSON shape."""

Resource = dict[str, Any]


def webapp_template(
    settings: WebappSettings,
    *,
    readable: Sequence[str] = (),
    network: Mapping[str, Sequence[str]] | None = None,
    kms_key: str = "",
) -> dict[str, Any]:
    """Return the template; image, bundles and origins are its parameters.

    Args:
        settings: of the web app.
        readable: names of objects on S3, as in ``BUCKET/KEY``, that the function reads.
        network: ``SubnetIds`` and ``SecurityGroupIds`` of a VPC; none by default.
        kms_key: the ARN of a key for the function's environment and the site; none by default.
    """
    resources = {
        "Role": _role(settings, readable, in_vpc=bool(network)),
        "Log": _log(),
        "Function": _function(settings, network, kms_key),
        **_site(),
        **_gateway(settings),
    }
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "reviewdesk: a page that reads reviews, behind Lambda and a gateway",
        "Parameters": {
            "Image": _parameter("The function's image in ECR"),
            "Answers": _parameter("An endpoint of SageMaker's, or NAME=PLACE of bundles"),
            "MoreOrigins": _parameter("Further sites whose pages may ask, each behind a comma"),
        },
        "Resources": resources,
        "Outputs": {
            "Api": {"Value": _address(settings.gateway)},
            "Page": {"Value": _sub("https://${Distribution.DomainName}")},
            "Bucket": {"Value": _ref("Site")},
            "FunctionName": {"Value": _ref("Function")},
        },
    }


def _role(settings: WebappSettings, readable: Sequence[str], *, in_vpc: bool) -> Resource:
    allowed = [
        {
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": _sub("${Log.Arn}"),
        }
    ]
    if settings.endpoint:
        arn = _arn("sagemaker", "endpoint/${Answers}")
        allowed.append(
            {"Effect": "Allow", "Action": ["sagemaker:InvokeEndpoint"], "Resource": _sub(arn)}
        )
    for name in readable:
        place = _sub(f"arn:${{AWS::Partition}}:s3:::{name}")
        allowed.append({"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": place})
    if in_vpc:
        actions = [f"ec2:{one}NetworkInterface" for one in ("Create", "Delete")]
        actions += ["ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"]
        allowed.append({"Effect": "Allow", "Action": actions, "Resource": "*"})
    return service_role("lambda.amazonaws.com", "webapp", policy(allowed))


def _log() -> Resource:
    group = resource(
        "AWS::Logs::LogGroup",
        LogGroupName=_sub("/aws/lambda/${AWS::StackName}"),
        RetentionInDays=LOG_DAYS,
    )
    return {**group, "DeletionPolicy": "Delete", "UpdateReplacePolicy": "Delete"}


def _function(
    settings: WebappSettings, network: Mapping[str, Sequence[str]] | None, kms_key: str
) -> Resource:
    answers = "REVIEWDESK_ENDPOINT" if settings.endpoint else "REVIEWDESK_BUNDLES"
    variables = {
        answers: _ref("Answers"),
        "REVIEWDESK_ORIGINS": _sub("https://${Distribution.DomainName},${MoreOrigins}"),
        "REVIEWDESK_ROOT_PATH": f"/{STAGE}" if settings.gateway == REST else "",
        "XDG_CACHE_HOME": "/tmp/cache",  # noqa: S108  (Lambda's only place to write)
    }
    further: dict[str, Any] = {}
    if network:
        further["VpcConfig"] = {name: list(value) for name, value in network.items()}
    if kms_key:
        further["KmsKeyArn"] = kms_key
    return resource(
        "AWS::Lambda::Function",
        FunctionName=_ref("AWS::StackName"),
        PackageType="Image",
        Code={"ImageUri": _ref("Image")},
        ImageConfig={"EntryPoint": ["python", "-m", "awslambdaric"], "Command": [HANDLER]},
        Role=_sub("${Role.Arn}"),
        MemorySize=settings.memory_mb,
        Timeout=FUNCTION_SECONDS,
        ReservedConcurrentExecutions=settings.concurrency,
        Environment={"Variables": variables},
        LoggingConfig={"LogGroup": _ref("Log")},
        **further,
    )


def _site() -> dict[str, Resource]:
    """Return the page's private bucket, and the distribution that alone may read it."""
    everything = [_sub("${Site.Arn}"), _sub("${Site.Arn}/*")]
    distribution = _sub(
        "arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:distribution/${Distribution}"
    )
    reads = {
        "Effect": "Allow",
        "Principal": {"Service": "cloudfront.amazonaws.com"},
        "Action": "s3:GetObject",
        "Resource": _sub("${Site.Arn}/*"),
        "Condition": {"StringEquals": {"AWS:SourceArn": distribution}},
    }
    in_the_clear = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": everything,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    encryption = {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    blocked = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
    bucket = resource(
        "AWS::S3::Bucket",
        PublicAccessBlockConfiguration=dict.fromkeys(blocked, True),
        BucketEncryption={"ServerSideEncryptionConfiguration": [encryption]},
        OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
    )
    access = {
        "Name": _ref("AWS::StackName"),
        "OriginAccessControlOriginType": "s3",
        "SigningBehavior": "always",
        "SigningProtocol": "sigv4",
    }
    return {
        "Site": {**bucket, "DeletionPolicy": "Delete", "UpdateReplacePolicy": "Delete"},
        "SitePolicy": resource(
            "AWS::S3::BucketPolicy",
            Bucket=_ref("Site"),
            PolicyDocument=policy([reads, in_the_clear]),
        ),
        "SiteAccess": resource(
            "AWS::CloudFront::OriginAccessControl", OriginAccessControlConfig=access
        ),
        "SiteHeaders": resource(
            "AWS::CloudFront::ResponseHeadersPolicy", ResponseHeadersPolicyConfig=_headers()
        ),
        "Distribution": resource(
            "AWS::CloudFront::Distribution", DistributionConfig=_distribution()
        ),
    }


def _distribution() -> dict[str, Any]:
    return {
        "Enabled": True,
        "Comment": _ref("AWS::StackName"),
        "DefaultRootObject": "index.html",
        "HttpVersion": "http2and3",
        "PriceClass": "PriceClass_100",
        "Origins": [
            {
                "Id": "site",
                "DomainName": _sub("${Site.RegionalDomainName}"),
                "OriginAccessControlId": _ref("SiteAccess"),
                "S3OriginConfig": {"OriginAccessIdentity": ""},
            }
        ],
        "DefaultCacheBehavior": {
            "TargetOriginId": "site",
            "ViewerProtocolPolicy": "redirect-to-https",
            "AllowedMethods": ["GET", "HEAD"],
            "CachePolicyId": NOT_CACHED,
            "ResponseHeadersPolicyId": _ref("SiteHeaders"),
        },
    }


def _headers() -> dict[str, Any]:
    """Return what CloudFront sends with the page, beside the policy that the page itself holds."""
    return {
        "Name": _ref("AWS::StackName"),
        "SecurityHeadersConfig": {
            "ContentSecurityPolicy": {
                "ContentSecurityPolicy": "frame-ancestors 'none'; base-uri 'none'",
                "Override": True,
            },
            "ContentTypeOptions": {"Override": True},
            "FrameOptions": {"FrameOption": "DENY", "Override": True},
            "ReferrerPolicy": {"ReferrerPolicy": "no-referrer", "Override": True},
            "StrictTransportSecurity": {
                "AccessControlMaxAgeSec": 31_536_000,
                "IncludeSubdomains": True,
                "Override": True,
            },
        },
    }


def _gateway(settings: WebappSettings) -> dict[str, Resource]:
    if settings.gateway == REST:
        return _rest(settings)
    if settings.gateway == URL:
        return _url()
    integration = resource(
        "AWS::ApiGatewayV2::Integration",
        ApiId=_ref("Api"),
        IntegrationType="AWS_PROXY",
        IntegrationUri=_sub("${Function.Arn}"),
        PayloadFormatVersion="1.0" if settings.gateway == HTTP_FIRST else "2.0",
        TimeoutInMillis=INTEGRATION_MS,
    )
    limits = {"ThrottlingRateLimit": settings.rate, "ThrottlingBurstLimit": settings.burst}
    return {
        "Api": resource("AWS::ApiGatewayV2::Api", Name=_ref("AWS::StackName"), ProtocolType="HTTP"),
        "Integration": integration,
        "Route": resource(
            "AWS::ApiGatewayV2::Route",
            ApiId=_ref("Api"),
            RouteKey="$default",
            Target=_sub("integrations/${Integration}"),
        ),
        "Stage": resource(
            "AWS::ApiGatewayV2::Stage",
            ApiId=_ref("Api"),
            StageName="$default",
            AutoDeploy=True,
            DefaultRouteSettings=limits,
        ),
        "Permission": _permission(_arn("execute-api", "${Api}/*/$default")),
    }


def _rest(settings: WebappSettings) -> dict[str, Resource]:
    uri = (
        "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/"
        "${Function.Arn}/invocations"
    )
    method = {
        "RestApiId": _ref("Api"),
        "HttpMethod": "ANY",
        "AuthorizationType": "NONE",
        "Integration": {
            "Type": "AWS_PROXY",
            "IntegrationHttpMethod": "POST",
            "TimeoutInMillis": INTEGRATION_MS,
            "Uri": _sub(uri),
        },
    }
    limits = {
        "ResourcePath": "/*",
        "HttpMethod": "*",
        "ThrottlingRateLimit": settings.rate,
        "ThrottlingBurstLimit": settings.burst,
    }
    deployment = resource("AWS::ApiGateway::Deployment", RestApiId=_ref("Api"))
    return {
        "Api": resource(
            "AWS::ApiGateway::RestApi",
            Name=_ref("AWS::StackName"),
            EndpointConfiguration={"Types": ["REGIONAL"]},
        ),
        "Everything": resource(
            "AWS::ApiGateway::Resource",
            RestApiId=_ref("Api"),
            ParentId=_sub("${Api.RootResourceId}"),
            PathPart="{proxy+}",
        ),
        "RootMethod": resource(
            "AWS::ApiGateway::Method", ResourceId=_sub("${Api.RootResourceId}"), **method
        ),
        "Method": resource("AWS::ApiGateway::Method", ResourceId=_ref("Everything"), **method),
        **{f"Refused{name.title().replace('_', '')}": _refused(name) for name in CODES},
        "Deployment": {**deployment, "DependsOn": ["RootMethod", "Method"]},
        "Stage": resource(
            "AWS::ApiGateway::Stage",
            RestApiId=_ref("Api"),
            DeploymentId=_ref("Deployment"),
            StageName=STAGE,
            MethodSettings=[limits],
        ),
        "Permission": _permission(_arn("execute-api", "${Api}/*/*/*")),
    }


def _refused(name: str) -> Resource:
    """Return what a REST API answers by itself, in the one JSON shape and readable by the page."""
    body = f'{{"error": {{"code": "{CODES[name]}", "message": $context.error.messageString}}}}'
    origin = _sub("'https://${Distribution.DomainName}'")
    return resource(
        "AWS::ApiGateway::GatewayResponse",
        RestApiId=_ref("Api"),
        ResponseType=name,
        ResponseTemplates={"application/json": body},
        ResponseParameters={"gatewayresponse.header.Access-Control-Allow-Origin": origin},
    )


def _url() -> dict[str, Resource]:
    function = _ref("Function")
    return {
        "Url": resource("AWS::Lambda::Url", TargetFunctionArn=function, AuthType="NONE"),
        "Permission": resource(
            "AWS::Lambda::Permission",
            FunctionName=function,
            Action="lambda:InvokeFunctionUrl",
            Principal="*",
            FunctionUrlAuthType="NONE",
        ),
        "InvokePermission": resource(
            "AWS::Lambda::Permission",
            FunctionName=function,
            Action="lambda:InvokeFunction",
            Principal="*",
            InvokedViaFunctionUrl=True,
        ),
    }


def _permission(source: str) -> Resource:
    return resource(
        "AWS::Lambda::Permission",
        FunctionName=_ref("Function"),
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
        SourceArn=_sub(source),
    )


def _address(gateway: str) -> Any:
    if gateway == URL:
        return _sub("${Url.FunctionUrl}")
    host = "https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}"
    return _sub(f"{host}/{STAGE}" if gateway == REST else host)


def _parameter(description: str) -> dict[str, str]:
    return {"Type": "String", "Default": "", "Description": description}


def _arn(service: str, name: str) -> str:
    return f"arn:${{AWS::Partition}}:{service}:${{AWS::Region}}:${{AWS::AccountId}}:{name}"


def _ref(name: str) -> dict[str, str]:
    return {"Ref": name}


def _sub(text: str) -> dict[str, str]:
    """Return a text with names of resources in it; the shortest of CloudFormation's own words."""
    only = text.removeprefix("${").removesuffix("}")
    if text == f"${{{only}}}" and "${" not in only:
        name, dot, attribute = only.partition(".")
        return {"Fn::GetAtt": [name, attribute]} if dot else {"Ref": name}  # type: ignore[dict-item]
    return {"Fn::Sub": text}
