from tortoise import fields
from tortoise import migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [('models', '0019_reviews')]

    initial = False

    operations = [
        ops.AddField(
            model_name='Job', name='reserved_bytes', field=fields.BigIntField(default=0, db_default=0)
        ),
    ]
