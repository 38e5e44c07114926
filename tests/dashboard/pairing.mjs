// Somebody chooses files for an alignment, case by case, and reads what the page makes of them.
import { scenario } from './scenario.mjs'

const LINES = {
  noTranscript: name => `${name} has no transcript of the same name`,
  noRecording: name => `${name} has no recording of the same name`,
  sameName: name => `${name}: another recording of this name is taken`,
  notNeeded: name => `${name}: another transcript of this name is taken`,
  ofSystem: name => `${name} is a file of an operating system`,
}

await scenario(async ({ open, cases }) => {
  const page = await open()
  await page.signIn()
  await page.goto('./#/new?kind=alignment')
  const hint = page.getByRole('status').filter({ hasText: /recordings? (has its|have their) transcript/ })
  const wrong = []
  for (const { files, pairs, dictionaries, unpaired } of cases) {
    await page.locator('form input[type=file]').setInputFiles(files.map(name => ({ name, mimeType: 'application/octet-stream', buffer: Buffer.from('x') })))
    await page.getByText(`${files.length} file`).first().waitFor()
    const [, ...lines] = (await hint.innerText()).split('\n').map(line => line.trim()).filter(Boolean)
    const told = Object.entries(unpaired).flatMap(([name, why]) => LINES[why]?.(name) ?? [])
    const expected = [
      ...pairs.map(([recording, transcript]) => `${recording.trim()} + ${transcript}`),
      ...(dictionaries.length ? [`Pronunciations of your own: ${dictionaries.join(', ')}`] : []),
    ]
    const inOrder = lines.slice(0, expected.length)
    const rest = lines.slice(expected.length)
    if (String(inOrder) !== String(expected) || String(rest.toSorted()) !== String(told.toSorted())) wrong.push({ files, lines, expected, told })
    await page.getByRole('button', { name: 'Remove all' }).click()
    await hint.waitFor({ state: 'hidden' })
  }
  return wrong
})
