from tortoise import migrations
from tortoise.migrations import operations as ops
from base.words import WaitReason
from models.fields import InstantField
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [('models', '0013_unfinished')]

    initial = False

    operations = [
        ops.AddField(
            model_name='Job',
            name='wait_reason',
            field=fields.CharEnumField(null=True, description='DISK_FULL: DISK_FULL', enum_type=WaitReason, max_length=20),
        ),
        ops.AddField(model_name='Job', name='wait_until', field=InstantField(null=True)),
        ops.AddField(model_name='Job', name='wait_count', field=fields.IntField(default=0, db_default=0)),
    ]
