import { resolve } from 'node:path';
import { type ConfigValues, type Settings } from '@sluice/service-kit';

const MIB = 1024 * 1024;

/** Settings of recordings. */
export const RECORDING_SETTINGS = {
  recordingsPath: {
    env: 'SLUICE_STREAM_STORE_RECORDINGS_PATH',
    type: 'text',
    default: null,
    doc: 'Folder of recordings; `RECORDING_PATH` when not set, else `.sluice/recordings`. Replicas share one.',
  },
  originalRecordingsPath: {
    env: 'RECORDING_PATH',
    type: 'text',
    default: null,
    doc: 'Folder of recordings, by the name that ptg-api-server gives it.',
  },
  recordingsMinFreeBytes: {
    env: 'SLUICE_STREAM_STORE_RECORDINGS_MIN_FREE_BYTES',
    type: 'integer',
    min: 0,
    default: 64 * MIB,
    unit: 'bytes',
    doc: 'With less free room on the disk, recordings end and none begins.',
  },
  recordingsMaxUploadBytes: {
    env: 'SLUICE_STREAM_STORE_RECORDINGS_MAX_UPLOAD_BYTES',
    type: 'integer',
    min: 1,
    default: 4096 * MIB,
    unit: 'bytes',
    doc: 'Largest file that is uploaded to a recording or imported as one.',
  },
} as const satisfies Settings;

/** What the settings mean. */
export interface RecordingSettings {
  readonly path: string;
  readonly minFreeBytes: number;
  readonly maxUploadBytes: number;
}

/** Reads the settings of recordings out of all of them. */
export function readRecordingSettings(values: ConfigValues<typeof RECORDING_SETTINGS>): RecordingSettings {
  return {
    path: resolve(values.recordingsPath ?? values.originalRecordingsPath ?? '.sluice/recordings'),
    minFreeBytes: values.recordingsMinFreeBytes,
    maxUploadBytes: values.recordingsMaxUploadBytes,
  };
}
