// Every environment variable that the program reads, for its documentation. A fast test checks that each name read in the
// code is in this list and the other way round; the vendors' own variables follow from providers/vendors.ts.

export type EnvironmentVariable = {
  readonly name: string;
  /** What holds where it is absent, in words. */
  readonly fallback: string;
  readonly about: string;
};

export const ENVIRONMENT_VARIABLES: readonly EnvironmentVariable[] = [
  { name: 'PORT', fallback: '`8080`', about: 'Port to listen on; 0 takes a free one.' },
  { name: 'HOST', fallback: '`127.0.0.1`', about: 'Address to listen on. `0.0.0.0` or `::` serves other machines.' },
  { name: 'DATA_DIR', fallback: '`./data`', about: 'Folder of the embedded database and of the secrets.' },
  {
    name: 'DATABASE_URL',
    fallback: 'embedded SQLite in `DATA_DIR`',
    about: 'Address of a PostgreSQL database to use instead.',
  },
  {
    name: 'PUBLIC_URL',
    fallback: '`publicUrl` of the file, else the address listened on',
    about: 'Address under which customers reach this server.',
  },
  { name: 'CONFIG', fallback: 'no file', about: 'Path of the configuration file, in YAML or JSON.' },
  {
    name: 'PRESET',
    fallback: 'all services together',
    about: '`chatinfo`, `textbot`, `nsp` or `sydney`: serves as that one alone.',
  },
  { name: 'LOG_LEVEL', fallback: '`info`', about: '`debug`, `info`, `warn`, `error` or `silent`.' },
  {
    name: 'TOLMACH_SECRET',
    fallback: '`DATA_DIR/secret`, made at the first start',
    about: 'Master secret that keys are stored under. Where it changes, every key made before stops working.',
  },
  {
    name: 'TOLMACH_ADMIN_TOKEN',
    fallback: '`DATA_DIR/admin-token`, made at the first start',
    about: 'Token of the admin API, for the server and for the command line.',
  },
  {
    name: 'TOLMACH_URL',
    fallback: 'made of `HOST` and `PORT`',
    about: 'Where the command line finds the server. The server itself does not read it.',
  },
];
