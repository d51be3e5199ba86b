"""YAML that says each thing once and stays as small as it looks.

Ordinary readers keep the last of two equal names in silence, so that half a script is lost, and
let ten lines of aliases stand for gigabytes.
"""

from collections.abc import Hashable

import yaml

MAX_NODES = 200_000
"""Values in one document, those repeated by aliases included."""


def read_yaml(source: bytes) -> object:
    """The one document in `source`. Raises `yaml.YAMLError` or ValueError, saying where."""
    loader = _Loader(source)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        _check_size(node)
        found: object = loader.construct_document(node)
    except RecursionError as error:
        raise ValueError("lists and mappings stand too deep in each other") from error
    finally:
        loader.dispose()
    return found


class _Loader(yaml.SafeLoader):
    def construct_mapping(
        self, node: yaml.MappingNode, deep: bool = False
    ) -> dict[Hashable, object]:
        """Refuse a name that stands twice."""
        seen: set[str] = set()
        for key, _value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            if key.value in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"“{key.value}” stands twice", problem_mark=key.start_mark
                )
            seen.add(key.value)
        found: dict[Hashable, object] = super().construct_mapping(node, deep)
        return found


def _check_size(root: yaml.Node) -> None:
    """Refuse what aliases blow up, or what holds itself and so has no end."""
    todo = [root]
    count = 0
    while todo:
        node = todo.pop()
        count += 1
        if count > MAX_NODES:
            raise ValueError(f"it holds more than {MAX_NODES} values, aliases counted")
        if isinstance(node, yaml.MappingNode):
            todo += [part for pair in node.value for part in pair]
        elif isinstance(node, yaml.SequenceNode):
            todo += node.value
