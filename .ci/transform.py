#!/usr/bin/env python3
"""Writes what the serverless transform makes of a template: roles and mappings that the source does not show.

Runs in the environment of requirements-sam.txt, with the library that `sam` itself uses, and asks nobody.

    python .ci/transform.py template.yaml transformed.json [PARAMETER=VALUE ...]

Checkov passes over what the defaults of the parameters leave out: other defaults show it that, too.
"""

import json
import pathlib
import sys

from samcli.yamlhelper import yaml_parse
from samtranslator.translator.transform import transform

# the library does not open packages, but wants to know where they would lie
PACKAGE = "s3://packages/function.zip"


class NoManagedPolicies:
    """The template names none by a short name; AWS would have to be asked for them."""

    def load(self):
        return {}


def main(source, target, *parameters):
    template = yaml_parse(pathlib.Path(source).read_text())
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = PACKAGE
    for name, value in (parameter.split("=", 1) for parameter in parameters):
        template["Parameters"][name]["Default"] = value
    # with the metadata of resources, in which what checkov passes over is reasoned
    transformed = transform(template, {}, NoManagedPolicies(), passthrough_metadata=True)
    pathlib.Path(target).write_text(json.dumps(transformed, indent=2))


if __name__ == "__main__":
    main(*sys.argv[1:])
