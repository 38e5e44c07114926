from tortoise import migrations
from tortoise.migrations import operations as ops
from models.fields import InstantField, now
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('models', '0003_tasks')]

    initial = False

    operations = [
        ops.CreateModel(
            name='ApiToken',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                ('user_id', fields.CharField(db_index=True, max_length=64)),
                ('name', fields.CharField(max_length=100)),
                ('token_hash', fields.CharField(unique=True, max_length=64)),
                ('created_at', InstantField(default=now, generated=False, null=False, unique=False)),
                ('last_used_at', InstantField(null=True, generated=False, unique=False)),
                ('expires_at', InstantField(null=True, generated=False, unique=False)),
                ('revoked_at', InstantField(null=True, generated=False, unique=False)),
            ],
            options={'table': 'api_tokens', 'app': 'models', 'pk_attr': 'id', 'table_description': 'One token. `token_hash` is hex SHA-256, `last_used_at` is written at most once a minute.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='AuditEntry',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('at', InstantField(default=now, generated=False, null=False, unique=False)),
                ('actor_id', fields.CharField(null=True, max_length=64)),
                ('action', fields.CharField(max_length=40)),
                ('object_id', fields.CharField(null=True, max_length=64)),
                ('detail', fields.TextField(null=True, unique=False)),
            ],
            options={'table': 'audit_entries', 'app': 'models', 'indexes': [Index(fields=['object_id', 'id'])], 'pk_attr': 'id', 'table_description': 'One act. Ids grow, and what they name may be gone.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Identity',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('issuer', fields.CharField(max_length=255)),
                ('subject', fields.CharField(max_length=255)),
                ('user_id', fields.CharField(unique=True, max_length=64)),
                ('role_told_at', InstantField(generated=False, null=False, unique=False)),
            ],
            options={'table': 'identities', 'app': 'models', 'unique_together': (('issuer', 'subject'),), 'pk_attr': 'id', 'table_description': 'One subject of one issuer.'},
            bases=['Model'],
        ),
    ]
