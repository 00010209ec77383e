import { RecordingFolders } from './disk/recording-folders.js';
import { RecordingFilesController } from './http/recording-files.controller.js';
import { RecordingMcapController } from './http/recording-mcap.controller.js';
import { RecordingsController } from './http/recordings.controller.js';
import { RecordingAccess } from './library/access.js';
import { Housekeeping } from './library/housekeeping.js';
import { InfoCache } from './library/info-cache.js';
import { Recorder } from './recorder/recorder.js';
import { RecorderParts } from './recorder/recorder-parts.js';
import { RecordingMetrics } from './recording-metrics.js';
import { ReplaySocket } from './replay/replay.socket.js';
import { ReplaySources } from './replay/replay-sources.js';

/** What the store's module needs for recordings. */
export const RECORDING_CONTROLLERS = [RecordingFilesController, RecordingsController, RecordingMcapController];
export const RECORDING_PROVIDERS = [
  RecordingFolders,
  RecorderParts,
  Recorder,
  RecordingAccess,
  InfoCache,
  Housekeeping,
  ReplaySources,
  ReplaySocket,
  RecordingMetrics,
];
