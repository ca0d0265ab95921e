// Makes Date show the cloud's virtual time.
'use strict';

const { performance } = require('node:perf_hooks');

/**
 * Real time that may pass in one invocation before virtual time begins to flow. Until then a handler
 * sees exactly the cloud's time, so results are the same on a slow machine; after it, loops that wait
 * for the clock end.
 */
const STANDSTILL_MS = 1000;

/** Replaces Date; returns how to set the time at the start of an invocation. */
function installClock(startMs) {
  const RealDate = Date;
  let baseMs = startMs;
  let setAt = performance.now();
  let shownMs = startMs;

  function now() {
    const flowing = Math.max(0, Math.floor(performance.now() - setAt - STANDSTILL_MS));
    shownMs = Math.max(shownMs, baseMs + flowing);
    return shownMs;
  }

  function VirtualDate(...args) {
    if (!new.target) return new RealDate(now()).toString();
    return Reflect.construct(RealDate, args.length === 0 ? [now()] : args, new.target);
  }
  Object.defineProperty(VirtualDate, 'name', { value: 'Date' });
  Object.defineProperty(VirtualDate, 'length', { value: 7 });
  VirtualDate.prototype = RealDate.prototype;
  RealDate.prototype.constructor = VirtualDate;
  VirtualDate.now = now;
  VirtualDate.parse = RealDate.parse;
  VirtualDate.UTC = RealDate.UTC;
  globalThis.Date = VirtualDate;
  patchIntl(now);

  return (nowMs) => {
    baseMs = nowMs;
    setAt = performance.now();
    // The cloud's word counts, even when time had begun to flow ahead of it.
    shownMs = nowMs;
  };
}

/** `format()` without a date means now, and asks the engine's own clock. */
function patchIntl(now) {
  const prototype = Intl.DateTimeFormat.prototype;
  // oxlint-disable-next-line typescript/unbound-method -- called with the right `this` below
  const { get } = Object.getOwnPropertyDescriptor(prototype, 'format');
  Object.defineProperty(prototype, 'format', {
    configurable: true,
    get() {
      const format = get.call(this);
      return (date) => format(date === undefined ? now() : date);
    },
  });
  // oxlint-disable-next-line typescript/unbound-method -- called with the right `this` below
  const { formatToParts } = prototype;
  prototype.formatToParts = function (date) {
    return formatToParts.call(this, date === undefined ? now() : date);
  };
}

module.exports = { installClock };
