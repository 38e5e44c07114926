/** Numbers, sizes and times in the language of the page. */
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'

const BYTE_UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const
const TIME_UNITS = [['day', 86_400], ['hour', 3_600], ['minute', 60], ['second', 1]] as const

export type Formats = ReturnType<typeof formatsOf>

export function useFormats(): Formats {
  const { i18n } = useTranslation()
  return useMemo(() => formatsOf(localeOf(i18n.language)), [i18n.language])
}

/** Dates as the person's country writes them, where the browser speaks this language. */
const localeOf = (language: string) => navigator.languages.find(locale => locale.startsWith(language)) ?? language

function formatsOf(language: string) {
  const number = new Intl.NumberFormat(language, { maximumFractionDigits: 1 })
  const moment = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' })
  const thisYear = new Intl.DateTimeFormat(language, { month: 'short', day: 'numeric', hour: 'numeric', minute: '2-digit' })
  const exact = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'medium' })
  const clock = new Intl.DateTimeFormat(language, { timeStyle: 'medium' })
  const day = new Intl.DateTimeFormat(language, { day: 'numeric', month: 'short', timeZone: 'UTC' })
  const unit = (value: number, name: string) =>
    new Intl.NumberFormat(language, { style: 'unit', unit: name, unitDisplay: name === 'byte' ? 'long' : 'short', maximumFractionDigits: value < 10 ? 1 : 0 }).format(value)

  function bytes(value: number) {
    const power = Math.min(Math.floor(Math.log2(Math.max(value, 1)) / 10), BYTE_UNITS.length - 1)
    return unit(value / 1024 ** power, BYTE_UNITS[power] ?? 'byte')
  }

  /** Seconds in at most two units: 1 h 5 min. */
  function duration(seconds: number) {
    let rest = Math.max(Math.round(seconds), 0)
    const parts = TIME_UNITS.flatMap(([name, length]) => {
      const count = Math.floor(rest / length)
      rest -= count * length
      return count ? [unit(count, name)] : []
    })
    return parts.slice(0, 2).join(' ') || unit(0, 'second')
  }

  return {
    number: (value: number) => number.format(value),
    /** 0 to 100. */
    percent: (value: number) => new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 0 }).format(Math.floor(value) / 100),
    bytes,
    bytesPerSecond: (value: number) => `${bytes(value)}/s`,
    duration,
    moment: (at: string) => moment.format(new Date(at)),
    /** Without the year where it is this one. */
    shortMoment: (at: string) => (new Date(at).getFullYear() === new Date().getFullYear() ? thisYear : moment).format(new Date(at)),
    exact: (at: string) => exact.format(new Date(at)),
    /** Of a day of UTC, without the year. */
    day: (date: string) => day.format(new Date(date)),
    clock: (at: string) => clock.format(new Date(at)),
  }
}
