"""The resources whose operations are spread over several modules."""

from c3tui.lab.maas.wire import Resource

MACHINE = Resource("MachineHandler", "machines/{system_id}/", "Manage an individual machine.")
NODE = Resource("NodeHandler", "nodes/{system_id}/", "Manage an individual node.")
