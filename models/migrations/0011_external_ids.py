from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.indexes import Index


class Migration(migrations.Migration):
    dependencies = [('models', '0010_installation')]

    initial = False

    operations = [
        # A list by the ids of another system: an admin's over all owners, and uploads, whose ids may repeat.
        ops.AddIndex(model_name='Job', index=Index(fields=['external_id'])),
        ops.AddIndex(model_name='Upload', index=Index(fields=['external_id', 'created_at', 'id'])),
    ]
