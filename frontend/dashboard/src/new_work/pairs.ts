/** Recordings with their transcripts, by their names, as the server pairs them; tests/processors/alignment/pairing_cases.json holds both to it. */
import { endingOf } from './checks'

const TRANSCRIPTS = ['.textgrid', '.csv', '.tsv', '.xlsx', '.lab', '.txt'] // the most telling first
const DICTIONARIES = ['.dict', '.dic']
const naturally = new Intl.Collator('en', { numeric: true })

export type Pair = { recording: string; transcript: string }
export type Unpaired = { name: string; why: 'noTranscript' | 'noRecording' | 'sameName' | 'notNeeded' | 'ofSystem' }
export type Pairing = { pairs: Pair[]; unpaired: Unpaired[]; dictionaries: string[] }

/** `accept` are the endings that the kind takes; files with others are left out. */
export function pairFiles(all: readonly string[], accept: readonly string[]): Pairing {
  const ofSystem = all.filter(name => name.startsWith('._')).map(name => ({ name, why: 'ofSystem' }) as const)
  const names = all.filter(name => accept.includes(endingOf(name)) && !name.startsWith('._'))
  const dictionaries = names.filter(name => DICTIONARIES.includes(endingOf(name)))
  const transcripts = names.filter(name => TRANSCRIPTS.includes(endingOf(name)))
  const recordings = names.filter(name => isRecording(endingOf(name), accept))
  if (recordings.length === 1 && transcripts.length === 1) {
    return { pairs: [{ recording: recordings[0]!, transcript: transcripts[0]! }], unpaired: ofSystem, dictionaries }
  }
  const recordingsOf = Map.groupBy(recordings, name => stemOf(name, accept))
  const transcriptsOf = Map.groupBy(transcripts, name => stemOf(name, accept))
  const stems = new Set([...recordingsOf.keys(), ...transcriptsOf.keys()])
  const matches = [...stems].map(stem => match(recordingsOf.get(stem) ?? [], transcriptsOf.get(stem) ?? []))
  const pairs = matches.flatMap(({ pairs }) => pairs)
  return {
    pairs: pairs.toSorted((one, other) => naturally.compare(one.recording, other.recording)),
    unpaired: [...matches.flatMap(({ unpaired }) => unpaired), ...ofSystem],
    dictionaries,
  }
}

/** Of one name: the first recording goes with the most telling transcript. */
function match(recordings: string[], transcripts: string[]): Omit<Pairing, 'dictionaries'> {
  const rank = (name: string) => TRANSCRIPTS.indexOf(endingOf(name))
  const [recording, ...recordingsLeft] = recordings
  const [transcript, ...transcriptsLeft] = transcripts.toSorted((one, other) => rank(one) - rank(other))
  if (!recording) return { pairs: [], unpaired: transcripts.map(name => ({ name, why: 'noRecording' })) }
  if (!transcript) return { pairs: [], unpaired: recordings.map(name => ({ name, why: 'noTranscript' })) }
  return {
    pairs: [{ recording, transcript }],
    unpaired: [
      ...recordingsLeft.map(name => ({ name, why: 'sameName' }) as const),
      ...transcriptsLeft.map(name => ({ name, why: 'notNeeded' }) as const),
    ],
  }
}

const isRecording = (ending: string, accept: readonly string[]) => accept.includes(ending) && !TRANSCRIPTS.includes(ending) && !DICTIONARIES.includes(ending)

/** `talk.wav`, `Talk.txt` and `talk.wav.txt` have one stem; so have `Straße.wav` and `STRASSE.txt`. */
function stemOf(name: string, accept: readonly string[]) {
  const stem = withoutEnding(name)
  return (isRecording(endingOf(stem), accept) ? withoutEnding(stem) : stem).trim().normalize('NFC').toUpperCase().toLowerCase()
}

const withoutEnding = (name: string) => name.replace(/\.[^.]*$/, '')
