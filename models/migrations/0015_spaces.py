from tortoise import migrations
from tortoise.migrations import operations as ops

_SEPARATOR = '\x1f'
_CUT = '\x1e'


async def make_white_space_one(apps, editor):
    """What is searched in the jobs that are there already: white space in it is one space, as in what is looked for."""
    db = editor.client
    numbered = (lambda statement: statement) if db.capabilities.dialect == 'postgres' else (lambda statement: statement.replace('$', '?'))
    last = ''
    while rows := await db.execute_query_dict(numbered('SELECT id, search_text FROM jobs WHERE id > $1 ORDER BY id LIMIT 500'), [last]):
        last = rows[-1]['id']
        values = [[text, row['id']] for row in rows if (text := _with_single_spaces(row['search_text'])) != row['search_text']]
        if values:
            await db.execute_many(numbered('UPDATE jobs SET search_text = $1 WHERE id = $2'), values)


def _with_single_spaces(text):
    mark = _CUT if text.startswith(_CUT) else ''
    return mark + _SEPARATOR.join(' '.join(part.split()) for part in text.removeprefix(_CUT).split(_SEPARATOR))


class Migration(migrations.Migration):
    dependencies = [('models', '0014_waits')]

    initial = False

    operations = [ops.RunPython(make_white_space_one)]
