async def test_smoke(client, recorder):
    url = await client.create(10)
    r = await client.patch(url, 0, b"01234")
    assert r.status_code == 204, r.text
    assert await client.offset(url) == 5
    r = await client.patch(url, 5, b"56789")
    assert r.status_code == 204, r.text
    assert client.stored(url) == b"0123456789"
    r = await client.http.get(url)
    print(r.status_code, r.headers, r.content)
    r = await client.http.request("GET", url, headers={"Range": "bytes=2-3"})
    print(r.status_code, r.headers, r.content)
    r = await client.send("DELETE", url)
    print(r.status_code, r.headers)
    assert (await client.send("HEAD", url)).status_code == 404
    print(recorder)
