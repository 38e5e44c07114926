from orjson import loads
from tortoise import fields
from tortoise import migrations
from tortoise.fields.data import JSON_DUMPS
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [('models', '0020_reserved_bytes')]

    initial = False

    operations = [
        ops.AddField(
            model_name='Job',
            name='summary',
            field=fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads),
        ),
        ops.AddField(model_name='Job', name='cost', field=fields.FloatField(null=True)),
    ]
