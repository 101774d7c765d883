"""moto and botocore without what they work out anew for every client, call, attribute and node of a syntax tree.

A test of the API makes some twenty calls, and most of its time went there. Nothing here changes an answer.
"""

import base64
import functools
import importlib
import inspect
import pickle
from typing import Any

import botocore.hooks
from moto.core.serialize import BaseJSONSerializer

# Modules that have no types, or have not these names in them.
_models: Any = importlib.import_module("moto.core.models")
_responses: Any = importlib.import_module("moto.core.responses")
_trees: Any = importlib.import_module("moto.dynamodb.parsing.ast_nodes")
_expressions: Any = importlib.import_module("moto.dynamodb.parsing.expressions")
_validators: Any = importlib.import_module("moto.dynamodb.parsing.validators")

_serialize = BaseJSONSerializer._serialize_type_structure
_verify_action_counts = _validators.ActionCountValidator.verify_action_counts
_accepts_kwargs = botocore.hooks.accepts_kwargs
_alias_of = botocore.hooks.EventAliaser._alias_event_name
_aliases: dict[str, str] = {}
_processed: dict[tuple[type, type], bool] = {}


def quicken() -> None:
    """Take the short ways from here on, in this process."""
    # 1,300 patterns for the `requests` package, which nothing here speaks to AWS with.
    _models.RESPONSES_METHODS.clear()
    parser = _expressions.UpdateExpressionParser
    for owner, name, way in (
        (BaseJSONSerializer, "_serialize_type_structure", _structure),
        (_responses, "method_names_from_class", functools.cache(_responses.method_names_from_class)),
        # Every update is parsed twice; what changes the tree copies it first.
        (parser, "make", functools.lru_cache(maxsize=512)(parser.make)),
        (_validators, "deepcopy", _copy),
        (_validators.ActionCountValidator, "verify_action_counts", _verify_all_action_counts),
        (_trees.DepthFirstTraverser, "traverse_node_recursively", _traverse),
        # A session registers some 120 handlers, each by its event's alias and with a look at its signature.
        (botocore.hooks.EventAliaser, "_alias_event_name", _alias),
        (botocore.hooks, "accepts_kwargs", _takes_any_keyword),
    ):
        setattr(owner, name, way)


def _structure(self: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:
    """An item's attribute is in its wire form but for bytes; moto looks for each of the ten types under three names."""
    if shape.name == "AttributeValue" and isinstance(value, dict) and len(value) == 1:
        self._default_serialize(serialized, _wire(value), shape, key)
    else:
        _serialize(self, serialized, value, shape, key)


def _wire(value: dict[str, Any]) -> dict[str, Any]:
    ((kind, content),) = value.items()
    match kind:
        case "M":
            return {kind: {name: _wire(one) for name, one in content.items()}}
        case "L":
            return {kind: [_wire(one) for one in content]}
        case "B":
            return {kind: base64.b64encode(content).decode()}
        case "BS":
            return {kind: [base64.b64encode(one).decode() for one in content]}
    return value


def _copy(tree: Any) -> Any:
    """A deep copy, made in C."""
    return pickle.loads(pickle.dumps(tree, pickle.HIGHEST_PROTOCOL))  # noqa: S301 - dumped in the same line


def _verify_all_action_counts(self: Any, node: Any) -> Any:
    """What the whole expression does not have twice no part of it has."""
    return _verify_action_counts(self, node) if node.parent is None else node


def _traverse(self: Any, node: Any, child_id: int = -1) -> Any:
    """moto's own walk over an update's syntax tree; what it asks of every node is asked once of the node's class."""
    classes = (type(self), type(node))
    if classes not in _processed:
        _processed[classes] = isinstance(node, self.nodes_to_be_processed())
    parent = node.parent
    for number, child in enumerate(node.children or ()):
        self.pre_processing_of_child(node, number)
        if isinstance(child, _trees.Node):
            self.traverse_node_recursively(child, number)
    if _processed[classes]:
        node = self.process(node)
        node.parent = parent
        if parent:
            parent.children[child_id] = node
    return node


def _alias(self: Any, event: str) -> str:
    """The aliases are botocore's own in every session, which keeps those it found to itself."""
    if event not in _aliases:
        _aliases[event] = _alias_of(self, event)
    return _aliases[event]


def _takes_any_keyword(handler: Any) -> Any:
    code = getattr(getattr(handler, "__func__", handler), "__code__", None)
    return _accepts_kwargs(handler) if code is None else code.co_flags & inspect.CO_VARKEYWORDS
