<?cs # part_log.cs: the end of a job's log ?><h2>Log</h2>
<?cs if:log.any ?><?cs if:log.cut ?><p class="muted">The last 200 lines. <a href="<?cs var:job.href ?>/log">Whole log</a></p>
<?cs /if ?><pre class="log" role="log" aria-live="off" aria-label="Log" tabindex="0"><?cs each:l = log.lines ?><span class="is-<?cs var:l.stream ?>"><?cs var:l.at ?> <?cs if:l.stream == "note" ?>     <?cs elif:l.stream == "err" ?>err  <?cs else ?>warn <?cs /if ?><?cs var:l.text ?>
</span><?cs /each ?></pre>
<p class="muted">Times are UTC. <a href="<?cs var:job.href ?>/log">Whole log as text</a></p>
<?cs else ?><p class="muted">Nothing has been written yet.</p>
<?cs /if ?>
