// A browser for many scenarios: prints the address of its socket as JSON, and ends when its input does.
import { chromium } from 'playwright-core'

const ARGS = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking']

const server = await chromium.launchServer({ executablePath: process.argv[2], headless: true, args: ARGS, host: '127.0.0.1' })
process.stdout.write(`${JSON.stringify(server.wsEndpoint())}\n`)
process.stdin.resume().on('end', () => server.close())
