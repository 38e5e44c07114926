from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.indexes import Index


class Migration(migrations.Migration):
    dependencies = [('models', '0006_result_uploads')]

    initial = False

    operations = [
        # Whoever claims a task looks at those of its queue alone, however many other jobs wait.
        ops.AddIndex(model_name='Job', index=Index(fields=['queue', 'status', 'priority', 'queued_at'])),
    ]
