from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.indexes import Index


class Migration(migrations.Migration):
    dependencies = [('models', '0012_quotas')]

    initial = False

    operations = [
        # How many unfinished jobs an owner has is counted whenever one is created.
        ops.AddIndex(model_name='Job', index=Index(fields=['owner_id', 'status'])),
    ]
