/* Live order pages. Everything works without this file; with it, nobody has to reload. */
(() => {
  const root = document.querySelector('[data-order]');
  if (!root || !window.EventSource) return;
  let loading = false;
  let wanted = Number(root.dataset.revision);

  const replaceParts = (fresh) => {
    for (const part of root.querySelectorAll('[data-live]')) {
      const other = fresh.querySelector(`[data-live="${part.dataset.live}"]`);
      if (other) part.replaceWith(other);
    }
    // A form that somebody has opened stays as it is.
    for (const part of root.querySelectorAll('[data-live-when-closed]')) {
      const name = part.dataset.liveWhenClosed;
      const other = fresh.querySelector(`[data-live-when-closed="${name}"]`);
      if (other && !part.querySelector('details[open]')) part.replaceWith(other);
    }
    root.dataset.revision = fresh.querySelector('[data-order]').dataset.revision;
  };

  const update = async () => {
    if (loading) return;
    loading = true;
    try {
      while (Number(root.dataset.revision) < wanted) {
        const response = await fetch(location.pathname, { headers: { accept: 'text/html' } });
        if (!response.ok) break;
        replaceParts(new DOMParser().parseFromString(await response.text(), 'text/html'));
      }
    } finally {
      loading = false;
    }
  };

  const stream = new EventSource(`${location.pathname}/live`);
  stream.onmessage = (event) => {
    wanted = Number(event.data);
    update().catch(() => undefined);
  };
  window.addEventListener('pagehide', () => stream.close());
})();
