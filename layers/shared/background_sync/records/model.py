"""The base of the records that PynamoDB models describe."""

from typing import ClassVar, Self

from pynamodb.connection import Connection
from pynamodb.connection._botocore_private import BotocoreBaseClientPrivate
from pynamodb.exceptions import DoesNotExist, PutError, UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.models import Model

from background_sync.settings import Tables

CONDITION_FAILED = "ConditionalCheckFailedException"


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

    @classmethod
    def find(cls, partition: str, run_at: int) -> Self | None:
        """A record of the sync health table as it is now, or None."""
        try:
            return cls.get(partition, run_at, consistent_read=True)
        except DoesNotExist:
            return None

    def update_if(self, condition: Condition, *actions: Action) -> bool:
        """Change the record, and know it as it then is; False where somebody was first."""
        try:
            self.update(actions=list(actions), condition=condition)
        except UpdateError as error:
            if error.cause_response_code == CONDITION_FAILED:
                return False
            raise
        return True

    def save_if(self, condition: Condition) -> bool:
        """Put the record; False where somebody was first."""
        try:
            self.save(condition)
        except PutError as error:
            if error.cause_response_code == CONDITION_FAILED:
                return False
            raise
        return True

    @staticmethod
    def bind(tables: Tables, connection: Connection) -> None:
        """Point every model at its table in `tables`, all over one client."""
        for model in Record.__subclasses__():
            model.Meta.table_name = getattr(tables, model.table)
            table_connection = model._get_connection()
            own = SharedConnection(connection)
            own.add_meta_table(table_connection.get_meta_table())
            table_connection.connection = own
