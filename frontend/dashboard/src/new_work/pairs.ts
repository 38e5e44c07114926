/** Recordings with their transcripts, by their names: what the server makes of these files; see docs/alignment.md. */
import { endingOf } from './checks'

const TRANSCRIPTS = ['.textgrid', '.csv', '.tsv', '.lab', '.txt'] // the most telling first
const DICTIONARIES = ['.dict', '.dic']

export type Pair = { recording: string; transcript: string }
export type Unpaired = { name: string; why: 'noTranscript' | 'noRecording' | 'sameName' | 'notNeeded' }
export type Pairing = { pairs: Pair[]; unpaired: Unpaired[]; dictionaries: string[] }

/** `accept` are the endings that the kind takes; files with others are left out. */
export function pairFiles(all: readonly string[], accept: readonly string[]): Pairing {
  const names = all.filter(name => accept.includes(endingOf(name)))
  const dictionaries = names.filter(name => DICTIONARIES.includes(endingOf(name)))
  const transcripts = names.filter(name => TRANSCRIPTS.includes(endingOf(name)))
  const recordings = names.filter(name => isRecording(endingOf(name), accept))
  if (recordings.length === 1 && transcripts.length === 1) {
    return { pairs: [{ recording: recordings[0]!, transcript: transcripts[0]! }], unpaired: [], dictionaries }
  }
  const recordingsOf = Map.groupBy(recordings, name => stemOf(name, accept))
  const transcriptsOf = Map.groupBy(transcripts, name => stemOf(name, accept))
  const stems = new Set([...recordingsOf.keys(), ...transcriptsOf.keys()])
  const matches = [...stems].map(stem => match(recordingsOf.get(stem) ?? [], transcriptsOf.get(stem) ?? []))
  return { pairs: matches.flatMap(({ pairs }) => pairs), unpaired: matches.flatMap(({ unpaired }) => unpaired), dictionaries }
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

/** `talk.wav`, `Talk.txt` and `talk.wav.txt` have one stem. */
function stemOf(name: string, accept: readonly string[]) {
  const stem = withoutEnding(name)
  return (isRecording(endingOf(stem), accept) ? withoutEnding(stem) : stem).normalize('NFC').toLowerCase().trim()
}

const withoutEnding = (name: string) => name.replace(/\.[^.]*$/, '')
