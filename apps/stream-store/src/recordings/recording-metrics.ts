import { Injectable } from '@nestjs/common';
import { Metrics } from '@sluice/service-kit';
import { Counter, Gauge } from 'prom-client';
import { Recorder } from './recorder/recorder.js';
import { RecorderParts } from './recorder/recorder-parts.js';
import { ReplaySocket } from './replay/replay.socket.js';

/** Metrics of recordings by name. Figures are read when somebody asks for them. */
@Injectable()
export class RecordingMetrics {
  constructor(
    private readonly kit: Metrics,
    recorder: Recorder,
    { metrics }: RecorderParts,
    replays: ReplaySocket,
  ) {
    this.gauge('sluice_store_recordings', 'Recordings that this process writes', () => recorder.activeCount);
    this.gauge('sluice_store_replays', 'Replays that run in this process', () => replays.running);
    this.counter('sluice_store_recorded_entries_total', 'Entries taken for recordings', () => metrics.entries);
    this.counter('sluice_store_recorded_bytes_total', 'Payload bytes taken for recordings', () => metrics.bytes);
    this.counter('sluice_store_recording_gaps_total', 'Times a recording fell behind the log', () => metrics.gaps);
  }

  private gauge(name: string, help: string, read: () => number): void {
    const metric = new Gauge({
      name,
      help,
      registers: [],
      collect() {
        this.set(read());
      },
    });
    this.kit.registry.registerMetric(metric);
  }

  private counter(name: string, help: string, read: () => number): void {
    const metric = new Counter({
      name,
      help,
      registers: [],
      collect() {
        this.reset();
        this.inc(read());
      },
    });
    this.kit.registry.registerMetric(metric);
  }
}
