from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields
from tortoise.indexes import Index

from models.search import search_text_of


async def fill_search_text(apps, editor):
    """What is searched in the jobs that are there already."""
    db = editor.client
    numbered = (lambda statement: statement) if db.capabilities.dialect == 'postgres' else (lambda statement: statement.replace('$', '?'))
    last = ''
    while rows := await db.execute_query_dict(numbered('SELECT id, title FROM jobs WHERE id > $1 ORDER BY id LIMIT 500'), [last]):
        last = rows[-1]['id']
        names = {}
        statement = (
            'SELECT w.job_id, u.filename FROM job_uploads w JOIN uploads u ON u.id = w.upload_id'
            ' WHERE w.job_id >= $1 AND w.job_id <= $2 ORDER BY w.job_id, w.position'
        )
        for row in await db.execute_query_dict(numbered(statement), [rows[0]['id'], last]):
            names.setdefault(row['job_id'], []).append(row['filename'])
        values = [[search_text_of(row['title'], names.get(row['id'], ())), row['id']] for row in rows]
        await db.execute_many(numbered('UPDATE jobs SET search_text = $1 WHERE id = $2'), values)


class Migration(migrations.Migration):
    dependencies = [('models', '0004_people')]

    initial = False

    operations = [
        ops.AddField(
            model_name='Job',
            name='search_text',
            field=fields.TextField(default='', db_default='', unique=False),
        ),
        ops.RunPython(fill_search_text),
        ops.AddIndex(
            model_name='Job',
            index=Index(fields=['owner_id', 'created_at', 'id', 'type', 'status', 'kind', 'deleted_at', 'search_text']),
        ),
        ops.AddIndex(
            model_name='Job',
            index=Index(fields=['created_at', 'id', 'type', 'status', 'kind', 'deleted_at', 'search_text']),
        ),
        ops.AddIndex(
            model_name='Job',
            index=Index(fields=['status', 'queue', 'owner_id', 'priority', 'queued_at', 'id', 'deleted_at']),
        ),
        ops.AddIndex(
            model_name='Job',
            index=Index(fields=['reference']),
        ),
        ops.AddIndex(
            model_name='Job',
            index=Index(fields=['finished_at']),
        ),
        ops.AddField(
            model_name='File',
            name='is_stored',
            field=fields.BooleanField(default=True, db_default=True),
        ),
        ops.AddIndex(
            model_name='File',
            index=Index(fields=['is_stored', 'role', 'expires_at', 'created_at']),
        ),
        ops.AddIndex(
            model_name='Upload',
            index=Index(fields=['owner_id', 'created_at', 'id', 'status', 'is_partial']),
        ),
        ops.AddIndex(
            model_name='Upload',
            index=Index(fields=['created_at', 'id', 'status', 'is_partial']),
        ),
        # Those that others above do better.
        ops.RemoveIndex(model_name='Upload', fields=['owner_id', 'created_at', 'id']),
        ops.RemoveIndex(model_name='Job', fields=['owner_id', 'type', 'created_at', 'id']),
        ops.RemoveIndex(model_name='Job', fields=['type', 'created_at', 'id']),
    ]
