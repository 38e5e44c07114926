import { catalogue } from '../translations/catalogue'

export const useSignInTexts = catalogue('signin', {
  title: { en: 'Sign in', de: 'Anmelden' },
  username: { en: 'User name', de: 'Benutzername' },
  password: { en: 'Password', de: 'Passwort' },
  showPassword: { en: 'Show the password', de: 'Passwort anzeigen' },
  signIn: { en: 'Sign in', de: 'Anmelden' },
  anonymous: { en: 'Continue without an account', de: 'Ohne Konto weiter' },
  or: { en: 'or', de: 'oder' },
  ended: { en: 'Your session has ended. Uploads go on.', de: 'Ihre Sitzung ist beendet. Uploads gehen weiter.' },
  notReached: { en: 'The server did not answer. Try again.', de: 'Der Server hat nicht geantwortet. Versuchen Sie es noch einmal.' },
  purpose: {
    en: 'Everything that happens to a file after the upload.',
    de: 'Alles, was nach dem Hochladen mit einer Datei geschieht.',
  },
  firstStart: {
    en: 'The first start of the server printed a password for admin.',
    de: 'Der erste Start des Servers hat ein Passwort für admin ausgegeben.',
  },
})
