<?cs # part_restore.cs: the part of a restore's page that changes: replaced by /r/{n}/fragment while it works ?><?cs def:beside() ?><ul>
<?cs each:b = restore.beside ?><li><?cs call:icon(b.icon) ?> <a href="<?cs var:b.href ?>/backups"><?cs var:b.name ?></a>: <?cs var:b.reads ?></li>
<?cs /each ?></ul><?cs /def ?><div id="restore"<?cs if:restore.busy ?> data-poll="<?cs var:restore.href ?>/fragment"<?cs /if ?> data-title="<?cs var:restore.state.word ?> – Restore <?cs var:restore.id ?> – <?cs var:restore.target.label ?> – Lazarette">
<?cs include!"part_worker.cs" ?>
<p class="safety" role="status"><?cs call:state(restore.state) ?> <span>Backup <a href="<?cs var:restore.backup.href ?>"><?cs var:restore.backup.id ?></a> of <?cs var:restore.backup.env ?> <?cs if:restore.new ?>beside<?cs else ?>into<?cs /if ?> <a href="<?cs var:restore.target.href ?>"><?cs var:restore.target.label ?></a><?cs if:restore.took ?>, took <?cs var:restore.took ?><?cs /if ?></span></p>
<?cs if:restore.busy ?><?cs if:job.queued ?><p><?cs if:job.waiting ?><?cs var:job.title ?> <?cs var:job.waiting ?>.<?cs else ?>It is next in line.<?cs /if ?></p>
<?cs elif:job.progress ?><div class="panel"><p class="phase"><?cs var:job.progress.phase ?></p>
<?cs if:job.progress.percent ?><progress aria-label="Done" max="100" value="<?cs var:job.progress.percent ?>"><?cs var:job.progress.percent ?> %</progress>
<p class="num"><?cs call:size(job.progress.done) ?> of about <?cs call:size(job.progress.total) ?><?cs else ?><progress aria-label="Working"></progress>
<p class="num"><?cs call:size(job.progress.done) ?> so far<?cs /if ?><?cs if:job.progress.speed ?> · <?cs var:job.progress.speed ?><?cs /if ?><?cs if:job.progress.left ?> · <?cs var:job.progress.left ?><?cs /if ?></p></div>
<?cs /if ?><?cs if:job.cancelling ?><p>It was asked to stop and ends in a moment.</p>
<?cs /if ?><p class="muted">You can close this page; the job continues. We will mail you when it has ended.</p>
<div class="actions"><a class="button" href="<?cs var:restore.href ?>">Refresh</a> <a class="button is-quiet" href="<?cs var:job.href ?>">Watch <?cs var:job.id ?></a><?cs if:page.may.backup && !job.cancelling ?> <?cs call:act(job.href + "/cancel", "Cancel this job", "danger") ?><?cs /if ?></div>
<?cs /if ?><?cs if:restore.failed ?><div class="notice is-bad" role="alert"><?cs call:icon("failed") ?><div><p><strong><?cs var:restore.error ?></strong></p><p><?cs if:restore.touched ?>It is not sure that <?cs var:restore.target.label ?> is what it was: look at it<?cs if:restore.safety.id ?>, and if in doubt restore its safety backup <a href="<?cs var:restore.safety.href ?>"><?cs var:restore.safety.id ?></a><?cs /if ?>.<?cs else ?><?cs var:restore.target.label ?> is as it was before.<?cs /if ?> <a href="<?cs var:restore.backup.href ?>/restore">Begin again from backup <?cs var:restore.backup.id ?></a></p></div></div>
<?cs elif:job.failed && job.undo ?><div class="notice is-bad" role="alert"><?cs call:icon("failed") ?><p><strong>The undo failed.</strong> <?cs var:job.error ?></p></div>
<?cs elif:job.failed && job.switch ?><div class="notice is-bad" role="alert"><?cs call:icon("failed") ?><p><strong>The switch failed.</strong> <?cs var:job.error ?></p></div>
<?cs elif:restore.done && restore.warnings ?><div class="notice is-warn"><?cs call:icon("warning") ?><p>Finished with <?cs var:restore.warnings ?> <?cs if:restore.one_warning ?>warning; it stands<?cs else ?>warnings; they stand<?cs /if ?> in the log.</p></div>
<?cs elif:restore.is_undone ?><p>Undone <?cs call:when(restore.undone) ?>: <?cs var:restore.target.label ?> is as it was before this restore.</p>
<?cs /if ?><?cs if:restore.is_out ?><p><strong><?cs var:restore.target.label ?> is as it was.</strong> What was restored lies beside it. Look at it, then switch.</p>
<?cs call:beside() ?>
<?cs elif:restore.is_in ?><p><strong><?cs var:restore.target.label ?> uses what this restore brought</strong>, since <?cs call:when(restore.landed) ?>. What it had before lies beside it.</p>
<?cs call:beside() ?>
<?cs elif:restore.is_between && !restore.busy ?><div class="notice is-warn" role="alert"><?cs call:icon("warning") ?><p>A switch ended halfway. It is being put right by itself; this page shows when that is done.</p></div>
<?cs elif:restore.is_removed ?><p class="muted">What lay beside <?cs var:restore.target.label ?> <?cs if:restore.tidied ?>was<?cs else ?>is being<?cs /if ?> removed. <?cs if:restore.landed.iso ?>It goes on with what this restore brought.<?cs else ?>It goes on with what it had before.<?cs /if ?></p>
<?cs /if ?><?cs if:restore.can.turn && !restore.busy && page.may.restore ?><div class="actions"><a class="button<?cs if:restore.is_out ?> is-primary<?cs /if ?>" href="<?cs var:restore.href ?>/switch"><?cs if:restore.is_out ?>Switch to it…<?cs else ?>Switch back…<?cs /if ?></a> <a class="button is-danger" href="<?cs var:restore.href ?>/remove"><?cs if:restore.is_out ?>Remove the new service…<?cs else ?>Remove what was there before…<?cs /if ?></a></div>
<?cs /if ?><?cs if:restore.can.undo && !restore.busy && page.may.restore ?><div class="actions"><a class="button is-danger" href="<?cs var:restore.href ?>/undo">Undo restore…</a></div>
<?cs elif:restore.undo_over ?><p class="muted">It can no longer be undone: what was there before is no longer kept.</p>
<?cs /if ?><section class="panel" aria-label="Facts"><dl class="facts">
<dt>From</dt><dd>backup <a href="<?cs var:restore.backup.href ?>"><?cs var:restore.backup.id ?></a> of <?cs var:restore.backup.env ?>, <?cs call:time(restore.backup.at) ?></dd>
<dt><?cs if:restore.new ?>Beside<?cs else ?>Into<?cs /if ?></dt><dd><?cs var:restore.target.label ?><?cs if:restore.target.live ?> (live)<?cs /if ?></dd>
<dt>Mode</dt><dd><?cs var:restore.mode ?><?cs if:restore.owners ?>, with owners and grants of the dump<?cs /if ?></dd>
<?cs if:restore.code.same ?><dt>Code</dt><dd>the same code, <span class="note"><?cs var:restore.code.same ?></span></dd>
<?cs elif:restore.code.data && restore.code.runs ?><dt>Code</dt><dd>data from <span class="note"><?cs var:restore.code.data ?></span>; <?cs var:restore.target.label ?> ran <span class="note"><?cs var:restore.code.runs ?></span></dd>
<?cs elif:restore.code.data ?><dt>Code</dt><dd>data from <span class="note"><?cs var:restore.code.data ?></span>; what <?cs var:restore.target.label ?> ran is not known</dd>
<?cs elif:restore.code.runs ?><dt>Code</dt><dd><?cs var:restore.target.label ?> ran <span class="note"><?cs var:restore.code.runs ?></span>; which code the data is from is not known</dd>
<?cs /if ?><dt>Asked for</dt><dd><?cs call:time(restore.created) ?> by <?cs var:restore.by ?></dd>
<dt>Started</dt><dd><?cs call:time(restore.started) ?></dd>
<dt>Finished</dt><dd><?cs call:time(restore.finished) ?></dd>
<dt>Safety backup</dt><dd><?cs if:restore.safety.id ?><a href="<?cs var:restore.safety.href ?>"><?cs var:restore.safety.id ?></a><?cs elif:restore.new ?><span class="muted">not needed: nothing was overwritten</span><?cs elif:restore.made ?><span class="muted">not needed: nothing was there</span><?cs else ?><span class="muted">none was asked for</span><?cs /if ?></dd>
<?cs if:restore.new && restore.kept.text && !restore.is_removed ?><dt>Lies beside it</dt><dd>about <?cs call:size(restore.kept) ?>, until it is removed</dd>
<?cs elif:restore.kept.text && !restore.new ?><dt><?cs if:restore.failed ?>What it moved aside<?cs else ?>Kept for the undo<?cs /if ?></dt><dd><?cs call:size(restore.kept) ?><?cs if:restore.undo_until.iso ?>, <?cs if:restore.failed ?>kept <?cs /if ?>until <?cs var:restore.undo_until.date ?> UTC<?cs /if ?></dd>
<?cs elif:restore.undo_until.iso && restore.can.undo ?><dt>Undo</dt><dd>until <?cs var:restore.undo_until.date ?> UTC</dd>
<?cs /if ?><?cs if:restore.real_data ?><dt>Real data</dt><dd>An administrator signed off that live data lands here without landing rules.</dd>
<?cs /if ?><?cs if:restore.job.href ?><dt>Job</dt><dd><a href="<?cs var:restore.job.href ?>"><?cs var:restore.job.id ?></a></dd>
<?cs /if ?><dt>Id</dt><dd><code><?cs var:restore.uuid ?></code></dd>
</dl></section>
<h2>Parts</h2>
<table class="list" role="table" aria-label="Parts">
<thead role="rowgroup"><tr role="row"><th role="columnheader" scope="col">From</th><th role="columnheader" scope="col"><?cs if:restore.new ?>Beside<?cs else ?>Into<?cs /if ?></th><th role="columnheader" scope="col">State</th><th role="columnheader" scope="col" class="num">Size</th><th role="columnheader" scope="col">Built in</th></tr></thead>
<tbody role="rowgroup">
<?cs each:c = restore.parts ?><tr role="row"><th role="rowheader" scope="row" data-label="From"><span><?cs call:icon(c.icon) ?> <?cs var:c.source ?><?cs if:c.choice ?> <span class="why note">Only: <?cs var:c.choice ?></span><?cs /if ?></span></th><td role="cell" data-label="<?cs if:restore.new ?>Beside<?cs else ?>Into<?cs /if ?>"><?cs var:c.name ?></td><td role="cell" data-label="State"><?cs call:state(c.state) ?></td><td role="cell" class="num" data-label="Size"><?cs call:size(c.size) ?></td><td role="cell" data-label="Built in"><?cs if:c.took ?><span class="whole"><?cs var:c.took ?></span><?cs else ?><span class="muted">—</span><?cs /if ?></td></tr>
<?cs /each ?></tbody></table>
<?cs include!"part_log.cs" ?>
</div>
