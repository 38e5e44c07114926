from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields
from tortoise.indexes import Index, PartialIndex
from models.fields import InstantField, now


class Migration(migrations.Migration):
    dependencies = [('models', '0007_queues')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Webhook',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                ('owner_id', fields.CharField(max_length=64)),
                ('url', fields.TextField(unique=False)),
                ('events', fields.JSONField()),
                ('secret', fields.CharField(max_length=100)),
                ('is_enabled', fields.BooleanField(default=True)),
                ('after_event_id', fields.BigIntField()),
                ('created_at', InstantField(default=now, generated=False, null=False, unique=False)),
                ('succeeded_at', InstantField(null=True, generated=False, unique=False)),
            ],
            options={'table': 'webhooks', 'app': 'models', 'indexes': [Index(fields=['owner_id', 'created_at'])], 'pk_attr': 'id', 'table_description': 'Who is told of which events.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='WebhookDelivery',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                ('webhook_id', fields.CharField(max_length=64)),
                ('job_id', fields.CharField(null=True, db_index=True, max_length=64)),
                ('event_id', fields.BigIntField(null=True)),
                ('event', fields.CharField(max_length=40)),
                ('payload', fields.TextField(unique=False)),
                ('attempt', fields.IntField(default=0)),
                ('status_code', fields.IntField(null=True)),
                ('error', fields.TextField(null=True, unique=False)),
                ('created_at', InstantField(generated=False, null=False, unique=False)),
                ('delivered_at', InstantField(null=True, generated=False, unique=False)),
                ('next_attempt_at', InstantField(null=True, generated=False, unique=False)),
                ('is_sending', fields.BooleanField(default=False)),
            ],
            options={'table': 'webhook_deliveries', 'app': 'models', 'unique_together': (('webhook_id', 'event_id'),), 'indexes': [Index(fields=['webhook_id', 'created_at', 'id']), Index(fields=['webhook_id', 'next_attempt_at', 'is_sending', 'delivered_at'])], 'pk_attr': 'id', 'table_description': 'One message for one webhook.'},
            bases=['Model'],
        ),
        ops.AddField(
            model_name='JobEvent',
            name='is_owed',
            field=fields.BooleanField(default=False, db_default=False),
        ),
        ops.AddIndex(model_name='JobEvent', index=PartialIndex(fields=['at', 'id'], condition={'is_owed': True})),
    ]
