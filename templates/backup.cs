<?cs # backup.cs: one backup ?><?cs include!"macros.cs" ?><?cs include!"part_restore_row.cs" ?><?cs include!"head.cs" ?>
<?cs include!"part_worker.cs" ?>
<p class="safety"><?cs call:state(backup.state) ?> <span><?cs if:backup.ready ?><?cs call:size(backup.size) ?> stored, <?cs call:size(backup.raw) ?> of content<?cs if:backup.duration ?>, taken in <?cs var:backup.duration ?><?cs /if ?><?cs
elif:backup.in_trash ?>In the trash since <?cs call:when(backup.trashed) ?><?cs if:backup.trashed_why ?>, by the rule of retention: <?cs var:backup.trashed_why ?><?cs /if ?>; it is deleted for good after <?cs var:backup.gone.date ?> UTC.<?cs
elif:backup.building ?>It is still being created.<?cs /if ?></span></p>
<?cs if:backup.failed ?><div class="notice is-bad" role="alert"><?cs call:icon("failed") ?><div><p><strong><?cs var:backup.error ?></strong><?cs if:job.exit_code ?> Exit code <?cs var:job.exit_code ?>.<?cs /if ?></p><p>Nothing half-written is listed; earlier backups are untouched.</p></div></div>
<?cs /if ?><?cs if:backup.ready && backup.suspicion ?><div class="notice is-warn" role="alert"><?cs call:icon("warning") ?><div><p><strong>It is complete, but suspicious.</strong> <?cs var:backup.suspicion ?>.</p><p>It can be restored, but no policy counts it as a good one. If the service really looks like that now, say so: then it is the measure for those to come.</p><?cs if:page.may.delete ?><?cs call:act(backup.href + "/trust", "It is fine", "") ?><?cs /if ?></div></div>
<?cs /if ?><?cs if:active.href ?><div class="notice is-busy"><?cs call:icon("running") ?><p><?cs var:active.title ?> <a href="<?cs var:active.href ?>"><?cs var:active.id ?></a> is at work: <?cs var:active.state.word ?>.</p></div>
<?cs /if ?><div class="actions"><?cs
if:backup.can.retry && page.may.backup ?><?cs call:act(job.href + "/retry", "Try again", "primary") ?> <?cs /if ?><?cs
if:!backup.obstacle && page.may.restore ?><a class="button is-primary" href="<?cs var:backup.href ?>/restore">Restore</a> <?cs /if ?><?cs
if:backup.can.download && page.may.download ?><a class="button" href="<?cs var:backup.href ?>/download"><?cs call:icon("download") ?>Prepare download</a> <?cs /if ?><?cs
if:backup.ready ?><a class="button" href="<?cs var:backup.href ?>/files">Browse files</a> <a class="button" href="<?cs var:backup.href ?>/compare">Compare with…</a> <a class="button" href="#restore">Restore by hand</a> <?cs /if ?><?cs
if:!backup.obstacle && page.may.restore ?><?cs call:act(backup.href + "/test", "Test restore", "") ?> <?cs /if ?><?cs
if:backup.can.verify && page.may.backup ?><?cs call:act(backup.href + "/verify", "Verify now", "") ?> <?cs /if ?><?cs
if:backup.can.keep && page.may.backup ?><form method="post" action="<?cs var:backup.href ?>/keep" class="act"><?cs call:secret() ?><input type="hidden" name="keep" value="1"><?cs call:button("Keep", "") ?></form> <?cs /if ?><?cs
if:backup.can.unkeep && page.may.backup ?><form method="post" action="<?cs var:backup.href ?>/keep" class="act"><?cs call:secret() ?><input type="hidden" name="keep" value="0"><?cs call:button("No longer keep", "") ?></form> <?cs /if ?><?cs
if:backup.can.keep_for && page.may.backup ?><a class="button" href="<?cs var:backup.href ?>/keep-for">Keep for some days</a> <?cs /if ?><?cs
if:backup.can.note && page.may.backup ?><a class="button" href="<?cs var:backup.href ?>/note">Edit note</a> <?cs /if ?><?cs
if:backup.can.undelete && page.may.delete ?><?cs call:act(backup.href + "/undelete", "Put back", "primary") ?> <?cs /if ?><?cs
if:backup.can.delete && page.may.delete ?><a class="button is-danger" href="<?cs var:backup.href ?>/delete">Delete…</a><?cs /if ?></div>
<?cs if:backup.obstacle ?><p class="muted">Not restorable: <?cs var:backup.obstacle ?></p>
<?cs /if ?><?cs if:backup.forecast || backup.age ?><p class="muted"><?cs var:backup.forecast ?><?cs if:backup.forecast && backup.age ?> <?cs /if ?><?cs var:backup.age ?></p>
<?cs /if ?><section class="panel" aria-label="Facts"><dl class="facts">
<dt>Note</dt><dd><?cs if:backup.note ?><span class="note"><?cs var:backup.note ?></span><?cs else ?><span class="muted">—</span><?cs /if ?></dd>
<dt>Asked for</dt><dd><?cs call:time(backup.created) ?> by <?cs var:backup.by ?></dd>
<dt>Kind</dt><dd><?cs var:backup.kind ?></dd>
<?cs if:backup.code ?><dt>Code</dt><dd><span class="note"><?cs var:backup.code ?></span></dd>
<?cs /if ?><?cs if:backup.held.mode ?><dt>Mode</dt><dd><?cs var:backup.held.mode ?><?cs if:backup.held.live && backup.held.text ?>: the application was let go after <?cs var:backup.held.text ?>, before all was read<?cs elif:backup.held.live ?>: the application went on meanwhile<?cs elif:backup.held.text ?>: the application was paused for <?cs var:backup.held.text ?><?cs /if ?></dd>
<?cs /if ?><?cs if:backup.finished.iso ?><dt>Finished</dt><dd><?cs call:time(backup.finished) ?></dd>
<?cs /if ?><?cs if:backup.ready ?><dt>Verified</dt><dd><?cs call:state(backup.verified) ?> <?cs if:backup.verified_at.iso ?><?cs call:when(backup.verified_at) ?><?cs else ?><span class="muted">It was read back and compared when it was made; Verify reads it again.</span><?cs /if ?></dd>
<dt>Test restore</dt><dd><?cs if:backup.tested.word ?><?cs call:state(backup.tested) ?> <?cs call:when(backup.tested.at) ?><?cs if:backup.tested.text ?>: <?cs var:backup.tested.text ?><?cs /if ?><?cs else ?><span class="muted">Never. It brings the backup back into a scratch place, compares it and removes it again.</span><?cs /if ?></dd>
<dt>Stays</dt><dd><?cs if:backup.keep ?><?cs call:icon("keep") ?>Kept: it cannot be deleted until the mark is taken away.<?cs else ?><?cs var:backup.stays ?> <a href="<?cs var:page.env.href ?>/retention">The rule</a><?cs /if ?></dd>
<?cs /if ?><dt>Storage</dt><dd><a href="/storage/<?cs var:backup.storage ?>"><?cs var:backup.storage ?></a></dd>
<?cs if:subcount(backup.recipients) ?><dt>Encrypted to</dt><dd><?cs each:r = backup.recipients ?><code><?cs var:r.key ?></code> <?cs /each ?></dd>
<?cs /if ?><?cs if:backup.signed_by ?><dt>Signed by</dt><dd><code><?cs var:backup.signed_by ?></code></dd>
<?cs /if ?><?cs if:job.href ?><dt>Job</dt><dd><a href="<?cs var:job.href ?>"><?cs var:job.id ?></a></dd>
<?cs /if ?><?cs if:backup.rebuilt.iso ?><dt>Taken up</dt><dd><?cs call:time(backup.rebuilt) ?>, from what the storage says of it</dd>
<?cs /if ?><dt>Id</dt><dd><code><?cs var:backup.uuid ?></code></dd>
</dl></section>
<?cs if:subcount(places) ?><h2>Where it lies</h2>
<table class="list" role="table" aria-label="Where it lies">
<thead role="rowgroup"><tr role="row"><th role="columnheader" scope="col">Storage</th><th role="columnheader" scope="col">State</th><th role="columnheader" scope="col">Verified</th><th role="columnheader" scope="col" class="num">Size</th><th role="columnheader" scope="col"><span class="unseen">Actions</span></th></tr></thead>
<tbody role="rowgroup">
<?cs each:c = places ?><tr role="row"><th role="rowheader" scope="row" data-label="Storage"><span><a href="<?cs var:c.href ?>"><?cs var:c.name ?></a><?cs if:c.first ?><br><span class="muted">read first</span><?cs /if ?></span></th><td role="cell" data-label="State"><span><?cs call:state(c.state) ?><?cs if:c.job.href ?> <a href="<?cs var:c.job.href ?>"><?cs var:c.job.id ?></a><?cs /if ?><?cs if:c.error ?><span class="why"><?cs var:c.error ?></span><?cs /if ?></span></td><td role="cell" data-label="Verified"><span class="stamp"><?cs call:time(c.verified) ?></span></td><td role="cell" class="num" data-label="Size"><?cs call:size(c.size) ?></td><td role="cell"><?cs
if:page.may.backup ?><?cs if:c.can.retry ?><?cs call:act(c.act, "Try again", "") ?> <?cs /if ?><?cs if:c.can.heal ?><?cs call:act(c.act, "Make whole", "") ?> <?cs /if ?><?cs if:c.can.verify ?><?cs call:act(c.act + "/verify", "Verify", "quiet") ?> <?cs /if ?><?cs /if ?><?cs
if:c.can.remove && page.may.delete ?><?cs call:act(c.act + "/remove", "Remove", "quiet") ?><?cs /if ?></td></tr>
<?cs /each ?></tbody></table>
<?cs if:subcount(others) && page.may.backup ?><div class="actions"><?cs each:o = others ?><?cs call:act(o.act, o.label, "") ?> <?cs /each ?></div>
<?cs /if ?><?cs /if ?><h2>Contents</h2>
<div class="grid">
<?cs each:part = backup.parts ?><section class="card"><h3><?cs call:icon(part.icon) ?> <?cs var:part.name ?></h3>
<p><?cs call:state(part.state) ?> <?cs var:part.engine ?><?cs if:part.version ?> <?cs var:part.version ?><?cs /if ?></p>
<?cs if:part.raw.text ?><dl class="facts">
<dt>Size</dt><dd><?cs call:size(part.raw) ?> → <?cs call:size(part.stored) ?> stored</dd>
<?cs if:part.items ?><dt>Files</dt><dd><?cs var:part.items ?></dd>
<?cs /if ?><dt>Format</dt><dd><?cs var:part.format ?>, zstd</dd>
<dt>Taken</dt><dd><?cs call:time(part.taken) ?>, in <?cs var:part.duration ?></dd>
<?cs if:part.tool ?><dt>Tool</dt><dd><?cs var:part.tool ?></dd>
<?cs /if ?><?cs if:part.verified.iso ?><dt>Read again</dt><dd><?cs call:time(part.verified) ?></dd>
<?cs /if ?><?cs if:part.warnings ?><dt>Warnings</dt><dd><?cs var:part.warnings ?>, named in the log</dd>
<?cs /if ?><?cs if:part.raw_sha256 ?><dt>SHA-256 of the content</dt><dd><?cs call:sum(part.raw_sha256) ?></dd>
<?cs /if ?><dt>SHA-256 as stored</dt><dd><?cs call:sum(part.stored_sha256) ?></dd>
<dt>Object</dt><dd><code><?cs var:part.key ?></code></dd>
<?cs if:part.manifest ?><dt>Manifest</dt><dd><code><?cs var:part.manifest ?></code></dd>
<?cs /if ?><?cs if:part.packs ?><dt>Packs</dt><dd><?cs var:part.packs ?>, of which this backup stored <?cs var:part.own ?></dd>
<?cs /if ?></dl>
<?cs /if ?></section>
<?cs /each ?></div>
<?cs if:backup.ready ?><details class="more" id="restore"><summary>Restore without this console</summary>
<div><p>These commands need nothing of this console: run them on the server that holds the storage. They bring the content back beside what is there now, and change nothing of it.</p>
<?cs if:backup.older_key ?><p>It was stored for an older key than the present one, and the commands name the file of that key. Once the storage is wrapped for the present key, that one opens it by the <code>.header</code> beside each object: <code>README.txt</code> in the storage has the command.</p>
<?cs /if ?><?cs each:part = backup.parts ?><?cs if:part.restore.run ?><h3><?cs var:part.name ?>, <?cs var:part.restore.what ?></h3>
<pre data-copy="Commands"><code><?cs var:part.restore.check ?>
<?cs var:part.restore.run ?></code></pre>
<?cs /if ?><?cs /each ?><p>All that this console knows of the backup lies beside it in <code><?cs var:backup.sidecar.key ?></code>. <a href="/help/restore">More on restoring</a></p></div>
</details>
<?cs /if ?><?cs if:backup.ready || subcount(restores) ?><h2>Restores of this backup</h2>
<?cs if:subcount(restores) ?><?cs call:restore_table(restores, "Restores of this backup") ?>
<?cs else ?><p class="muted">None yet.</p>
<?cs /if ?><?cs /if ?><?cs if:backup.ready || subcount(downloads) ?><h2>Downloads of this backup</h2>
<?cs if:subcount(downloads) ?><table class="list" role="table" aria-label="Downloads of this backup">
<thead role="rowgroup"><tr role="row"><th role="columnheader" scope="col">Download</th><th role="columnheader" scope="col">State</th><th role="columnheader" scope="col">Contents</th><th role="columnheader" scope="col">Asked for</th><th role="columnheader" scope="col">By</th></tr></thead>
<tbody role="rowgroup">
<?cs each:d = downloads ?><tr role="row"><th role="rowheader" scope="row" data-label="Download"><a href="<?cs var:d.href ?>"><?cs var:d.id ?></a></th><td role="cell" data-label="State"><?cs call:state(d.state) ?></td><td role="cell" data-label="Contents"><?cs var:d.contents ?></td><td role="cell" data-label="Asked for"><span class="stamp"><?cs call:time(d.created) ?></span></td><td role="cell" data-label="By"><?cs var:d.by ?></td></tr>
<?cs /each ?></tbody></table>
<?cs else ?><p class="muted">None yet.</p>
<?cs /if ?><?cs /if ?><?cs include!"part_log.cs" ?>
<?cs include!"foot.cs" ?>
