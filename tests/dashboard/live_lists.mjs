// Lists stay right while jobs come and go, whatever becomes of the answers that are on their way.
import { holdCounts, holdLists } from './held_answers.mjs'
import { scenario } from './scenario.mjs'

const SCENES = { lateAnswers, lateCount, comesToMatch, newsOfOneFilter, emptiedPage, lostPages, serverAway }

await scenario(async ({ open, have, scene, person }) => {
  const page = await open()
  const errors = []
  page.on('pageerror', error => errors.push(String(error)))
  await page.signIn(person)
  const rows = page.locator('tbody tr[data-index]')
  const toTheEnd = () => page.evaluate(() => window.scrollTo(0, document.body.scrollHeight))
  const list = {
    rows,
    titles: () => rows.getByRole('link').allInnerTexts(),
    count: number => page.getByText(`${number.toLocaleString('en-GB')} jobs`, { exact: true }).waitFor(),
    toTheEnd,
    async scrollTo(row) {
      while (!(await row.count())) {
        await toTheEnd()
        await page.waitForTimeout(50)
      }
    },
  }
  return { ...(await SCENES[scene](page, have, list)), errors }
})

// An answer that was read before a job was made comes after the event about it: a first page, then a further one.
async function lateAnswers(page, have, { rows, count, toTheEnd, scrollTo }) {
  let what = 'on'
  const answers = await holdLists(page, () => what)
  await count(300)
  await page.goto('./#/statistics')
  await page.getByRole('heading', { level: 1, name: 'Statistics' }).waitFor()
  what = 'hold'
  await page.goto('./#/jobs')
  await answers.isHeld()
  what = 'on'
  await have('create', 'Beside the first page')
  const first = rows.first()
  await first.getByText('Beside the first page').waitFor()
  await answers.release()
  await count(301)
  await first.getByText('Beside the first page').waitFor()

  what = 'hold'
  await toTheEnd()
  await answers.isHeld()
  what = 'on'
  await have('create', 'Beside the second page')
  await count(302)
  await answers.release()
  await scrollTo(rows.getByText('Number 101', { exact: true }))
  await count(302)
  await page.evaluate(() => window.scrollTo(0, 0))
  await first.getByText('Beside the second page').waitFor()
}

// A count that was read before a job was made comes after the event about it.
async function lateCount(page, have, { rows, count, toTheEnd }) {
  let what = 'on'
  const answers = await holdLists(page, () => what)
  const counts = await holdCounts(page, () => what)
  await count(300)
  what = 'hold'
  await toTheEnd()
  await answers.isHeld()
  await have('create', 'Beside the second page')
  await count(301)
  await answers.release()
  await counts.isHeld()
  what = 'on'
  await have('create', 'Beside the count')
  await page.evaluate(() => window.scrollTo(0, 0))
  await rows.first().getByText('Beside the count').waitFor()
  await counts.release()
  await count(302)
}

// Jobs that come to match by an event stand where their order has them.
async function comesToMatch(page, have, { rows, titles }) {
  await page.goto('./#/jobs?status=CANCELLED')
  await page.getByText('No job matches these filters').waitFor()
  for (const number of [70, 30, 90]) {
    await have('cancel', `Number ${number}`)
    await rows.getByText(`Number ${number}`, { exact: true }).waitFor()
  }
  return { titles: await titles() }
}

async function newsOfOneFilter(page, have) {
  await page.goto('./#/jobs?sort=TITLE.ASC')
  await page.getByRole('columnheader', { name: 'Title' }).and(page.locator('[aria-sort=ascending]')).waitFor()
  await have('create', 'News')
  const news = page.getByText('There are new jobs')
  await news.waitFor()
  await page.getByLabel('Search titles and file names').fill('number 7')
  await page.getByText('11 jobs', { exact: true }).waitFor()
  return { news: await news.count() }
}

// All of the first page leaves while the next one is on its way.
async function emptiedPage(page, have, { rows, count }) {
  let what = 'hold'
  const answers = await holdLists(page, ({ after }) => (after ? what : 'on'))
  await page.goto('./#/jobs?status=PENDING')
  await count(300)
  await have('cancel', 'Number 2') // and 199 is the first that is left
  await rows.getByText(/^Number 2\d\d$/).first().waitFor({ state: 'detached' })
  const nothing = await page.getByText('No job matches these filters').count()
  what = 'on' // a page that was slow may have read the first ones anew, and hold nothing
  while (!(await rows.first().getByText('Number 199', { exact: true }).count())) {
    await answers.release()
    await page.waitForTimeout(20)
  }
  return { nothing }
}

// Further pages that do not come are asked for again, not at once.
async function lostPages(page, have, { rows, count, toTheEnd, scrollTo }) {
  let what = 'fail'
  const answers = await holdLists(page, ({ after }) => (after ? what : 'on'))
  const further = () => answers.asked.filter(({ after }) => after)
  await count(300)
  await noteFetches(page)
  await toTheEnd()
  const failed = page.getByText('Could not load more')
  await failed.waitFor()
  while (further().length < 3) await page.waitForTimeout(50)
  const pauses = await page.evaluate(() => window.fetchedAt.slice(1, 3).map((at, index) => at - window.fetchedAt[index]))
  await page.getByRole('button', { name: 'Try again' }).click()
  await failed.waitFor()
  what = 'on'
  const before = further().length
  await scrollTo(rows.getByText('Number 0', { exact: true }))
  return { pauses, asked: further().length - before }
}

// When the page asks for a list, by its own clock: `fetchedAt`, in milliseconds.
async function noteFetches(page) {
  await page.evaluate(() => {
    window.fetchedAt = []
    const { fetch } = window
    window.fetch = (url, init) => {
      if (String(init?.body).includes('ListJobs')) window.fetchedAt.push(performance.now())
      return fetch(url, init)
    }
  })
}

// They are asked for again by themselves when the server is back.
async function serverAway(page, have, { rows, count, toTheEnd, scrollTo }) {
  await count(300)
  await have('kill')
  await page.getByTestId('server-away').waitFor()
  const failed = page.getByText('Could not load more')
  await toTheEnd()
  await failed.waitFor()
  await have('start')
  await failed.waitFor({ state: 'detached' })
  await scrollTo(rows.getByText('Number 0', { exact: true }))
}
