"""Kinds of resources that moto's CloudFormation has not: made, counted, and deleted again."""

from typing import Any

from moto.cloudformation import parsing
from moto.core.common_models import CloudFormationModel

MISSING = {
    "AWS::ApiGateway::GatewayResponse": {},
    "AWS::ApiGateway::Stage": {},
    "AWS::ApiGatewayV2::Api": {},
    "AWS::ApiGatewayV2::Integration": {},
    "AWS::ApiGatewayV2::Route": {},
    "AWS::ApiGatewayV2::Stage": {},
    "AWS::CloudFront::Distribution": {"DomainName": "d111111abcdef8.cloudfront.net"},
    "AWS::CloudFront::OriginAccessControl": {},
    "AWS::CloudFront::ResponseHeadersPolicy": {},
    "AWS::Lambda::Url": {"FunctionUrl": "https://u5jxmple3dq.lambda-url.us-east-1.on.aws/"},
    "AWS::S3::BucketPolicy": {},
    "AWS::Scheduler::Schedule": {},
}
live: set[str] = set()
"""Those that are there."""


def _model(kind: str, attributes: dict[str, str]) -> type[CloudFormationModel]:
    class StandIn(CloudFormationModel):
        def __init__(self, name: str) -> None:
            self.name = name

        @property
        def physical_resource_id(self) -> str:
            return self.name

        @staticmethod
        def cloudformation_name_type() -> str:
            return ""

        @staticmethod
        def cloudformation_type() -> str:
            return kind

        @classmethod
        def has_cfn_attr(cls, attr: str) -> bool:
            return attr in attributes

        def get_cfn_attribute(self, name: str) -> str:
            return attributes[name]

        @classmethod
        def create_from_cloudformation_json(  # type: ignore[override]
            cls, name: str, *args: Any, **kwargs: Any
        ) -> Any:
            live.add(f"{kind} {name}")
            return cls(name)

        @classmethod
        def update_from_cloudformation_json(  # type: ignore[override]
            cls, original: Any, *args: Any, **kwargs: Any
        ) -> Any:
            return original

        @classmethod
        def delete_from_cloudformation_json(  # type: ignore[override]
            cls, name: str, *args: Any, **kwargs: Any
        ) -> None:
            live.discard(f"{kind} {name}")

    return StandIn


parsing.get_model_list()  # moto's own are known by now
KEPT = [_model(kind, attributes) for kind, attributes in MISSING.items()]
"""Held on to: moto finds them by asking for subclasses."""
for cached in (parsing.get_model_list, parsing.get_model_map, parsing.get_name_type_map):
    cached.cache_clear()
