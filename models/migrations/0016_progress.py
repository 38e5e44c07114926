from tortoise import migrations
from tortoise.migrations import operations as ops

from models.fields import InstantField


async def tell_retryable(apps, editor):
    """Which jobs that are there already, COMPLETED with failures, could end otherwise; outside workers do not tell."""
    await editor.client.execute_script(
        "UPDATE jobs SET error_is_retryable = TRUE WHERE status = 'COMPLETED' AND failed_items > 0 "
        "AND error_is_retryable = FALSE AND (kind = 'external' OR EXISTS (SELECT 1 FROM items i WHERE i.job_id = jobs.id "
        "AND i.status = 'FAILED' AND i.error_is_retryable = TRUE))"
    )


class Migration(migrations.Migration):
    dependencies = [('models', '0015_spaces')]

    initial = False

    operations = [
        ops.RunPython(tell_retryable),
        ops.AddField(
            model_name='Job',
            name='progressed_at',
            field=InstantField(null=True, generated=False, unique=False),
        ),
    ]
