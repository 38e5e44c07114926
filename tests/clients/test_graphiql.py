"""GraphiQL in a real browser: three tabs, a box for headers, a subscription, and nothing from elsewhere."""

from client.api import Waybill
from client.server_process import ServerProcess
from tests.clients.programs import BROWSERS, Node, program_or_skip

NEW_JOB = """mutation ($upload: ID!) {
  createBatch(input: {work: {leads: {}}, uploadIds: [$upload]}) { id }
}"""
NEW_UPLOAD = 'mutation { createUpload(input: {filename: "leads.csv", size: 100}) { id } }'


async def test_a_person_signs_in_uploads_and_watches(server: ServerProcess, waybill: Waybill, node: Node) -> None:
    upload = (await waybill.execute(NEW_UPLOAD))["createUpload"]["id"]
    job = (await waybill.execute(NEW_JOB, {"upload": upload}))["createBatch"]["id"]
    seen = await node.run(
        "graphiql.mjs",
        executablePath=program_or_skip(BROWSERS[0], also=BROWSERS[1:]),
        url=f"{server.base_url}/graphql",
        username=server.admin_name,
        password=server.admin_password,
        jobId=job,
    )

    assert (seen["tabs"], seen["headerBox"]) == (["1 Upload", "2 Watch", "3 Fetch"], True)
    assert seen["headers"].startswith('{"Authorization":"Bearer')
    assert '"createUpload":{"id":"upload-' in seen["upload"]
    assert '"batchUpdated":{"status":"UPLOADING"' in seen["watched"]
    assert seen["policy"].startswith("default-src 'none'; script-src 'self';")
    assert seen["hosts"] == [server.base_url.partition("//")[2]]
    assert seen["complaints"] == []


async def test_on_a_telephone_everything_can_be_reached_with_a_finger(server: ServerProcess, node: Node) -> None:
    seen = await node.run(
        "graphiql_narrow.mjs",
        executablePath=program_or_skip(BROWSERS[0], also=BROWSERS[1:]),
        url=f"{server.base_url}/graphql",
        username=server.admin_name,
        password=server.admin_password,
    )

    for moment in ("before", "after", "documentation"):
        shown = seen[moment]
        assert (moment, shown["problems"], shown["pageWidth"]) == (moment, [], 420)
        assert all(width >= 300 for width, _ in (shown["editor"], shown["tool"], shown["result"]))
        assert all(height >= 60 for _, height in (shown["editor"], shown["tool"], shown["result"]))
        assert {"1 Upload", "2 Watch", "3 Fetch", "Variables", "Headers"} <= set(shown["controls"])
    assert {"username", "password", "Sign in"} <= set(seen["before"]["controls"])
    assert "Sign out" in seen["after"]["controls"]
    assert seen["third"].startswith("3 Fetch")
    assert seen["dialogs"] == [{"isInside": True}, {"isInside": True}]
