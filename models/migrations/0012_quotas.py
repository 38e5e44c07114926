from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields
from tortoise.indexes import Index


class Migration(migrations.Migration):
    dependencies = [('models', '0011_external_ids')]

    initial = False

    operations = [
        # An older server that works beside this one leaves it out: then it is the user's own id.
        ops.AddField(
            model_name='User',
            name='quota_key',
            field=fields.CharField(null=True, max_length=100),
        ),
        ops.AddIndex(model_name='User', index=Index(fields=['quota_key'])),
        ops.AddIndex(model_name='AuditEntry', index=Index(fields=['at'])),
        ops.AddIndex(model_name='Session', index=Index(fields=['expires_at'])),
    ]
