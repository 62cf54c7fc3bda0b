// One provider's side of one job: it answers each request by the step that the job has come to, but for the fault that a
// case wants at one of them, and writes down all that was asked. That a job was begun twice is seen here.
import type { Script } from '../fault-scripts.ts';
import { json } from '../fault-scripts.ts';
import type { ReceivedCall } from '../fault-upstream.ts';
import type { JobShapes, JobStepName } from './job-shapes.ts';

/** A request by what it is for. */
export type JobAsked = JobStepName | 'interrupt' | 'out of order';

export type JobFault = {
  readonly at: JobStepName;
  readonly script: Script;
  readonly times: number;
  /** Whether the job goes on from it: it is an answer that only looks odd. */
  readonly isAnswer: boolean;
};

export class JobAtProvider {
  /** What was asked, in its order. */
  readonly asked: JobAsked[] = [];
  readonly #job: JobShapes;
  readonly #fault: JobFault | undefined;
  #position = 0;
  #faults = 0;

  constructor(job: JobShapes, fault?: JobFault) {
    this.#job = job;
    this.#fault = fault;
  }

  answer({ method, path }: ReceivedCall): Script {
    const { steps, interrupts } = this.#job;
    const request = `${method} ${path}`;
    if (interrupts?.asks.test(request) === true) {
      this.asked.push('interrupt');
      return json('');
    }
    const step = steps[this.#position];
    if (step === undefined || !step.asks.test(request)) {
      this.asked.push(steps.find(({ asks }) => asks.test(request))?.name ?? 'out of order');
      return json('', 404);
    }
    this.asked.push(step.name);
    const fault = this.#fault;
    if (fault?.at === step.name && this.#faults < fault.times) {
      this.#faults += 1;
      if (fault.isAnswer) this.#position += 1;
      return fault.script;
    }
    this.#position += 1;
    return step.answer;
  }
}

/** Providers' sides of many jobs, each told apart by the model in its address. */
export class JobSite {
  readonly #job: JobShapes;
  readonly #faults = new Map<string, JobFault>();
  readonly #jobs = new Map<string, JobAtProvider>();

  constructor(job: JobShapes) {
    this.#job = job;
  }

  /** The first provider of the model has this fault. */
  expect(model: string, fault: JobFault): void {
    this.#faults.set(model, fault);
  }

  /** The step at which a fault happens with a vendor that may have none of that name. */
  stepAt(name: JobStepName): JobStepName {
    return this.#job.instead[name] ?? name;
  }

  answer(call: ReceivedCall, provider: number): Script {
    const model = call.path.split('/')[2] ?? '';
    return this.#jobOf(model, provider).answer(call);
  }

  /** What each of the model's providers was asked. */
  asked(model: string, providers: number): JobAsked[][] {
    return Array.from({ length: providers }, (_, provider) => this.#jobOf(model, provider).asked);
  }

  #jobOf(model: string, provider: number): JobAtProvider {
    const name = `${model} ${provider}`;
    let job = this.#jobs.get(name);
    if (job === undefined) {
      job = new JobAtProvider(this.#job, provider === 0 ? this.#faults.get(model) : undefined);
      this.#jobs.set(name, job);
    }
    return job;
  }
}
