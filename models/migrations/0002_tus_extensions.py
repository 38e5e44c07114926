from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('models', '0001_initial')]

    initial = False

    operations = [
        ops.CreateModel(
            name='UploadPart',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('final_id', fields.CharField(max_length=64)),
                ('part_id', fields.CharField(db_index=True, max_length=64)),
                ('position', fields.IntField()),
            ],
            options={'table': 'upload_parts', 'app': 'models', 'unique_together': (('final_id', 'position'),), 'pk_attr': 'id', 'table_description': 'One piece of a concatenation, in the order of its bytes (the same piece may come twice).'},
            bases=['Model'],
        ),
        ops.AddField(
            model_name='Upload',
            name='concat',
            field=fields.TextField(null=True, unique=False),
        ),
        ops.AddField(
            model_name='Upload',
            name='fence',
            field=fields.BigIntField(default=0, db_default=0),
        ),
        ops.AddField(
            model_name='Upload',
            name='is_partial',
            field=fields.BooleanField(default=False, db_default=False),
        ),
        ops.AddField(
            model_name='Upload',
            name='is_stored',
            field=fields.BooleanField(default=True, db_default=True),
        ),
        ops.AddIndex(
            model_name='Upload',
            index=Index(fields=['owner_id', 'is_stored', 'status', 'size_bytes']),
        ),
        ops.AddIndex(
            model_name='Upload',
            index=Index(fields=['is_stored', 'status', 'id']),
        ),
        # What was begun before uploads expired does so, too.
        ops.RunSQL("UPDATE uploads SET expires_at = updated_at + 86400 WHERE status = 'UPLOADING' AND expires_at IS NULL", ''),
    ]
