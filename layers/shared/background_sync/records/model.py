"""The base of the records that PynamoDB models describe."""

from typing import ClassVar

from pynamodb.connection import Connection
from pynamodb.connection._botocore_private import BotocoreBaseClientPrivate
from pynamodb.models import Model

from background_sync.settings import Tables


class SharedConnection(Connection):
    """A connection that works over the client of another one."""

    def __init__(self, shared: Connection) -> None:
        super().__init__()
        self._shared = shared

    @property
    def client(self) -> BotocoreBaseClientPrivate:
        """The other one's."""
        return self._shared.client


class Record(Model):
    """A model whose table's name is known only once the settings are read."""

    table: ClassVar[str]
    """The field of `Tables` that names its table."""

    @staticmethod
    def bind(tables: Tables, connection: Connection) -> None:
        """Point every model at its table in `tables`, all over one client."""
        for model in Record.__subclasses__():
            model.Meta.table_name = getattr(tables, model.table)
            table_connection = model._get_connection()
            own = SharedConnection(connection)
            own.add_meta_table(table_connection.get_meta_table())
            table_connection.connection = own
