from orjson import loads
from tortoise import fields
from tortoise import migrations
from tortoise.fields.data import JSON_DUMPS
from tortoise.migrations import operations as ops
from models.fields import InstantField


class Migration(migrations.Migration):
    dependencies = [('models', '0018_fetched_files')]

    initial = False

    operations = [
        ops.AddField(
            model_name='Item',
            name='review',
            field=fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads),
        ),
        ops.AddField(model_name='Item', name='reviewed_at', field=InstantField(null=True)),
        ops.AddField(model_name='Item', name='reviewed_by', field=fields.CharField(null=True, max_length=64)),
    ]
