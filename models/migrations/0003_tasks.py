from tortoise import migrations
from tortoise.migrations import operations as ops
from orjson import loads
from tortoise.fields.data import JSON_DUMPS
from tortoise import fields
from models.fields import InstantField

class Migration(migrations.Migration):
    dependencies = [('models', '0002_tus_extensions')]

    initial = False

    operations = [
        ops.AddField(model_name='Job', name='queue', field=fields.CharField(null=True, max_length=100)),
        ops.AddField(model_name='Job', name='answered', field=fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads)),
        ops.AddField(model_name='Job', name='working_since', field=InstantField(null=True)),
        ops.AddField(model_name='Job', name='worked_seconds', field=fields.FloatField(default=0, db_default=0)),
    ]
