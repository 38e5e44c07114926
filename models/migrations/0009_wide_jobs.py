from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.indexes import Index


class Migration(migrations.Migration):
    dependencies = [('models', '0008_webhooks')]

    initial = False

    operations = [
        # Of the jobs that wait, those are few that were planned already: places in the queue ask for them.
        ops.AddIndex(model_name='Job', index=Index(fields=['status', 'total_slices'])),
    ]
