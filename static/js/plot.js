// Plots over days, drawn by uPlot from a JSON script beside them. Nothing here knows what the numbers mean.
//
// In a template, with vendor/uplot-1.6.32.min.css among the styles and vendor/uplot-1.6.32.min.js before this file:
//
//   <div class="plot" data-plot="stock-plot" role="img" aria-label="…what it shows, in a sentence…"></div>
//   {{ plot|json_script:"stock-plot" }}
//   <details>… the same figures as a table: what people who cannot see a canvas read …</details>
//
// The JSON:
//
//   {
//     "days":   ["2026-10-01", "2026-10-02", …],          ascending ISO days, one per point
//     "series": [
//       {"label": "On hand",  "values": [12, 12, null, …], as many as days; null leaves a gap
//        "kind": "steps",                                  "steps" | "line" | "bars"
//        "colour": "--accent",                             a custom property of the page, so that light and dark agree
//        "axis": "left",                                   "left" | "right": series of one axis share its scale
//        "digits": 0, "unit": "pcs"}                       digits after the point; unit is written in the legend only
//     ],
//     "labels": {"day": "Day"}                             word of the legend's first column
//   }
//
// A plot follows the width of its place and the colour scheme, and is drawn again where htmx brings a new one.
"use strict";

(() => {
  const HEIGHT = 260;
  const PHONE = 520;
  const drawn = new Map();

  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const language = document.documentElement.lang || undefined;
  const seconds = (day) => Date.parse(`${day}T00:00:00Z`) / 1000;
  const utc = (options) => new Intl.DateTimeFormat(language, { timeZone: "UTC", ...options });
  const shortDay = utc({ day: "numeric", month: "short" });
  const fullDay = utc({ weekday: "short", day: "numeric", month: "short", year: "numeric" });
  const compact = new Intl.NumberFormat(language, { notation: "compact", maximumFractionDigits: 1 });
  const number = (value, digits = 0) =>
    value === null || value === undefined
      ? "–"
      : value.toLocaleString(language, { minimumFractionDigits: digits, maximumFractionDigits: digits });

  // Two sets of bars stand side by side, one ending and one beginning at their day.
  function paths(series, all) {
    const bars = all.filter((one) => one.kind === "bars");
    if (series.kind === "bars") return uPlot.paths.bars({ size: [0.45, 10], align: bars.length < 2 ? 0 : bars.indexOf(series) ? 1 : -1 });
    return series.kind === "steps" ? uPlot.paths.stepped({ align: 1 }) : uPlot.paths.linear();
  }

  function lineOf(series, _index, all) {
    const colour = css(series.colour || "--accent");
    const bars = series.kind === "bars";
    return {
      label: series.label,
      scale: series.axis === "right" ? "right" : "left",
      stroke: colour,
      fill: bars ? `color-mix(in srgb, ${colour} 55%, transparent)` : undefined,
      width: bars ? 0 : 2,
      paths: paths(series, all),
      points: { show: false },
      value: (_plot, value) => {
        const text = number(value, series.digits || 0);
        return series.unit && text !== "–" ? `${text} ${series.unit}` : text;
      },
    };
  }

  function axis(scale, side, wide, share) {
    return {
      scale,
      side,
      stroke: css("--soft"),
      font: `12px ${css("--font")}`,
      size: wide ? 52 : 40,
      grid: { show: side === 3, stroke: css("--line"), width: 1 },
      ticks: { show: false },
      values: (plot, ticks) => ticks.map((tick) => (tick === null || tick > plot.scales[scale].max / share ? "" : compact.format(tick))),
      // Nothing is counted in halves: below one there is no mark.
      incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6, 1e7, 1e8, 1e9],
    };
  }

  // Zero belongs to the picture: a scale that begins elsewhere makes small changes look big.
  // Bars beside a line keep to the lower third, so that they never hide it.
  const range = (share) => (_plot, low, high) => {
    const top = Math.max(high ?? 0, 1);
    const bottom = Math.min(low ?? 0, 0);
    const air = (top - bottom) * 0.08;
    return [bottom < 0 ? bottom - air : 0, top * share + air];
  };

  function shareOf(scale, series) {
    const onlyBars = series.every((one) => (one.axis === "right" ? "right" : "left") !== scale || one.kind === "bars");
    return onlyBars && series.some((one) => one.kind !== "bars") ? 3 : 1;
  }

  function options(figures, width) {
    const wide = width >= PHONE;
    const [left, right] = ["left", "right"].map((scale) => shareOf(scale, figures.series));
    const hasRight = figures.series.some((series) => series.axis === "right");
    return {
      width,
      height: wide ? HEIGHT : Math.round(HEIGHT * 0.8),
      padding: [12, hasRight ? 0 : 10, 0, 0],
      tzDate: (at) => uPlot.tzDate(new Date(at * 1000), "Etc/UTC"),
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
      legend: { live: true },
      scales: { x: { time: true }, left: { range: range(left) }, right: { range: range(right) } },
      series: [
        {
          label: (figures.labels && figures.labels.day) || "",
          value: (_plot, at) => (at === null ? "–" : fullDay.format(new Date(at * 1000))),
        },
        ...figures.series.map(lineOf),
      ],
      axes: [
        {
          stroke: css("--soft"),
          font: `12px ${css("--font")}`,
          grid: { show: false },
          ticks: { show: false },
          space: wide ? 70 : 58,
          size: 30,
          values: (_plot, ticks) => ticks.map((tick) => shortDay.format(new Date(tick * 1000))),
        },
        axis("left", 3, wide, left),
        ...(hasRight ? [axis("right", 1, wide, right)] : []),
      ],
    };
  }

  function draw(place) {
    const source = document.getElementById(place.dataset.plot);
    if (!source || !window.uPlot) return;
    const figures = JSON.parse(source.textContent);
    const columns = [figures.days.map(seconds), ...figures.series.map((series) => series.values)];
    const old = drawn.get(place);
    if (old) old.destroy();
    const plot = new uPlot(options(figures, Math.max(place.clientWidth, 240)), columns, place);
    // Without a pointer the legend says the last day: never an empty row of dashes.
    const last = figures.days.length - 1;
    const rest = () => plot.setLegend({ idx: last });
    plot.over.addEventListener("mouseleave", () => setTimeout(rest, 0));
    setTimeout(rest, 0);
    drawn.set(place, plot);
  }

  function drawAll() {
    drawn.forEach((plot, place) => {
      if (place.isConnected) return;
      plot.destroy();
      drawn.delete(place);
    });
    document.querySelectorAll("[data-plot]").forEach((place) => {
      if (drawn.has(place)) return;
      draw(place);
      let width = place.clientWidth;
      new ResizeObserver(() => {
        if (!place.isConnected || place.clientWidth === width) return;
        width = place.clientWidth;
        requestAnimationFrame(() => draw(place));
      }).observe(place);
    });
  }

  const redraw = () => drawn.forEach((_plot, place) => draw(place));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  new MutationObserver(redraw).observe(document.documentElement, { attributeFilter: ["data-theme"] });
  document.addEventListener("htmx:afterSettle", drawAll);
  drawAll();
})();
