from models.fields import InstantField
from tortoise import fields
from tortoise import migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [('models', '0017_downloads')]

    initial = False

    operations = [
        ops.AddField(
            model_name='File',
            name='modified_at',
            field=InstantField(null=True),
        ),
        ops.AddField(
            model_name='File',
            name='source',
            field=fields.CharField(null=True, max_length=64),
        ),
        ops.AddIndex(
            model_name='File',
            index=Index(fields=['owner_id', 'sha256']),
        ),
        ops.AddIndex(
            model_name='File',
            index=Index(fields=['owner_id', 'source']),
        ),
    ]
