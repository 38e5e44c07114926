"""The triggers stand here as they were when this was released; `models/job_count.py` says what they are for."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

_COUNTED = (
    'owner_id', 'created_at', 'type', 'kind', 'status', 'started_at', 'finished_at', 'completed_items', 'failed_items',
    'skipped_items', 'deleted_at',
)
_SORT = 'owner_id, created_on, ended_on, type, kind, status'
_NUMBERS = ('jobs', 'items', 'runs', 'run_microseconds')
_COLUMNS = f"{_SORT}, {', '.join(_NUMBERS)}"
_CHANGES = f'job_count_changes ({_COLUMNS})'


def sort_of(row, day, jobs):
    """SQL: what `row` (with a dot at its end, or nothing) adds to the counts as `jobs` jobs, 1 or -1.

    `day` makes the number of a day of seconds since 1970.
    """
    items = ' + '.join(f'{row}{column}_items' for column in ('completed', 'failed', 'skipped'))
    seconds = f'({row}finished_at - {row}started_at)'
    return (
        f"{row}owner_id, {day(f'{row}created_at')}, coalesce({day(f'{row}finished_at')}, -1), {row}type, {row}kind, {row}status,"
        f' {jobs}, CASE WHEN {row}finished_at IS NULL THEN 0 ELSE {jobs} * ({items}) END,'
        f' CASE WHEN {seconds} IS NULL THEN 0 ELSE {jobs} END,'
        f' {jobs} * CAST(coalesce(round({seconds} * 1000000), 0) AS bigint)'
    )


def day_of_sqlite(moment):
    return f'CAST({moment} / 86400 AS INTEGER)'


def day_of_postgres(moment):
    return f'CAST(floor({moment} / 86400) AS integer)'


def triggers_of_sqlite():
    gone = f"INSERT INTO {_CHANGES} SELECT {sort_of('OLD.', day_of_sqlite, -1)} WHERE OLD.deleted_at IS NULL;"
    come = f"INSERT INTO {_CHANGES} SELECT {sort_of('NEW.', day_of_sqlite, 1)} WHERE NEW.deleted_at IS NULL;"
    is_changed = ' OR '.join(f'OLD.{column} IS NOT NEW.{column}' for column in _COUNTED if not column.endswith('_items'))
    items = ' OR '.join(f'OLD.{column} <> NEW.{column}' for column in _COUNTED if column.endswith('_items'))
    return [
        f'CREATE TRIGGER job_counts_insert AFTER INSERT ON jobs BEGIN {come} END',
        f'CREATE TRIGGER job_counts_delete AFTER DELETE ON jobs BEGIN {gone} END',
        f"CREATE TRIGGER job_counts_update AFTER UPDATE OF {', '.join(_COUNTED)} ON jobs"
        f' WHEN {is_changed} OR (NEW.finished_at IS NOT NULL AND ({items})) BEGIN {gone} {come} END',
    ]


def triggers_of_postgres():
    gone = f"INSERT INTO {_CHANGES} SELECT {sort_of('OLD.', day_of_postgres, -1)};"
    come = f"INSERT INTO {_CHANGES} SELECT {sort_of('NEW.', day_of_postgres, 1)};"
    is_changed = ' OR '.join(
        f'OLD.{column} IS DISTINCT FROM NEW.{column}' for column in _COUNTED if not column.endswith('_items')
    )
    items = ' OR '.join(f'OLD.{column} <> NEW.{column}' for column in _COUNTED if column.endswith('_items'))
    return [
        'CREATE FUNCTION job_counts_note() RETURNS trigger LANGUAGE plpgsql AS $body$ BEGIN'
        f" IF TG_OP <> 'INSERT' THEN IF OLD.deleted_at IS NULL THEN {gone} END IF; END IF;"
        f" IF TG_OP <> 'DELETE' THEN IF NEW.deleted_at IS NULL THEN {come} END IF; END IF;"
        ' RETURN NULL; END $body$',
        'CREATE TRIGGER job_counts_insert AFTER INSERT OR DELETE ON jobs FOR EACH ROW EXECUTE FUNCTION job_counts_note()',
        f"CREATE TRIGGER job_counts_update AFTER UPDATE OF {', '.join(_COUNTED)} ON jobs FOR EACH ROW"
        f' WHEN ({is_changed} OR (NEW.finished_at IS NOT NULL AND ({items}))) EXECUTE FUNCTION job_counts_note()',
    ]


async def count_from_here(apps, editor):
    """First the triggers, which on PostgreSQL keep others from writing until the transaction ends; then what is there."""
    db = editor.client
    is_postgres = db.capabilities.dialect == 'postgres'
    for statement in triggers_of_postgres() if is_postgres else triggers_of_sqlite():
        await db.execute_query(statement)
    each = sort_of('', day_of_postgres if is_postgres else day_of_sqlite, 1)
    sums = ', '.join(f'CAST(sum({number}) AS bigint)' for number in _NUMBERS)
    await db.execute_query(
        f'WITH found ({_COLUMNS}) AS (SELECT {each} FROM jobs WHERE deleted_at IS NULL)'
        f' INSERT INTO {_CHANGES} SELECT {_SORT}, {sums} FROM found GROUP BY {_SORT}'
    )


class Migration(migrations.Migration):
    dependencies = [('models', '0021_summaries')]

    initial = False

    operations = [
        ops.CreateModel(
            name='JobCount',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('owner_id', fields.CharField(max_length=64)),
                ('created_on', fields.IntField()),
                ('ended_on', fields.IntField()),
                ('type', fields.CharField(max_length=10)),
                ('kind', fields.CharField(max_length=100)),
                ('status', fields.CharField(max_length=20)),
                ('jobs', fields.BigIntField()),
                ('items', fields.BigIntField()),
                ('runs', fields.BigIntField()),
                ('run_microseconds', fields.BigIntField()),
            ],
            options={'table': 'job_counts', 'app': 'models', 'unique_together': (('owner_id', 'created_on', 'ended_on', 'type', 'kind', 'status'),), 'pk_attr': 'id', 'table_description': 'The counts of one sort, but for what `JobCountChange` has to add to them.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='JobCountChange',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('owner_id', fields.CharField(max_length=64)),
                ('created_on', fields.IntField()),
                ('ended_on', fields.IntField()),
                ('type', fields.CharField(max_length=10)),
                ('kind', fields.CharField(max_length=100)),
                ('status', fields.CharField(max_length=20)),
                ('jobs', fields.BigIntField()),
                ('items', fields.BigIntField()),
                ('runs', fields.BigIntField()),
                ('run_microseconds', fields.BigIntField()),
            ],
            options={'table': 'job_count_changes', 'app': 'models', 'pk_attr': 'id', 'table_description': 'What one change of one job adds to the counts, or takes away. Its owner is never `EVERYBODY`.'},
            bases=['Model'],
        ),
        ops.RunPython(count_from_here),
    ]
