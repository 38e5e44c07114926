from tortoise import migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [('models', '0022_counts')]

    initial = False

    operations = [
        ops.AddIndex(model_name='JobUpload', index=Index(fields=['job_id', 'position'])),
    ]
