from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields
from models.fields import InstantField


class Migration(migrations.Migration):
    dependencies = [('models', '0009_wide_jobs')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Installation',
            fields=[
                ('id', fields.IntField(primary_key=True, generated=False, unique=True, db_index=True)),
                ('key_fingerprint', fields.CharField(max_length=64)),
                ('changed_at', InstantField(generated=False, null=False, unique=False)),
            ],
            options={'table': 'installation', 'app': 'models', 'pk_attr': 'id', 'table_description': 'The only row. `key_fingerprint` tells the secret key that signs, 32 hex digits.'},
            bases=['Model'],
        ),
    ]
