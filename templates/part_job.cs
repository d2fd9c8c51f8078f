<?cs # part_job.cs: the part of a job's page that changes: replaced by /j/{n}/fragment while the job lives ?><div id="job"<?cs if:!job.ended ?> data-poll="<?cs var:job.href ?>/fragment"<?cs /if ?> data-title="<?cs var:job.state.word ?> – Job <?cs var:job.id ?> – <?cs var:job.env.label ?> – Lazarette">
<?cs include!"part_worker.cs" ?>
<p class="safety" role="status"><?cs call:state(job.state) ?> <span><?cs var:job.title ?><?cs if:job.subject.href ?> <a href="<?cs var:job.subject.href ?>"><?cs var:job.subject.text ?></a><?cs /if ?> <?cs if:job.mode ?>(<?cs var:job.mode ?>) <?cs /if ?><?cs if:job.place ?><?cs if:job.copy ?>to<?cs else ?>in<?cs /if ?> <a href="/storage/<?cs var:job.place ?>"><?cs var:job.place ?></a> <?cs /if ?>of <a href="<?cs var:job.env.href ?>"><?cs var:job.env.label ?></a><?cs
if:job.took ?>, <?cs if:job.ended ?>took<?cs else ?>running for<?cs /if ?> <?cs var:job.took ?><?cs /if ?></span></p>
<?cs if:job.queued ?><p><?cs if:job.waiting ?>It <?cs var:job.waiting ?>.<?cs else ?>It is next in line.<?cs /if ?></p>
<?cs elif:job.progress ?><div class="panel"><p class="phase"><?cs var:job.progress.phase ?></p>
<?cs if:job.progress.percent ?><progress aria-label="Done" max="100" value="<?cs var:job.progress.percent ?>"><?cs var:job.progress.percent ?> %</progress>
<p class="num"><?cs call:size(job.progress.done) ?> of about <?cs call:size(job.progress.total) ?><?cs else ?><progress aria-label="Working"></progress>
<p class="num"><?cs call:size(job.progress.done) ?> so far<?cs /if ?><?cs if:job.progress.speed ?> · <?cs var:job.progress.speed ?><?cs /if ?><?cs if:job.progress.left ?> · <?cs var:job.progress.left ?><?cs /if ?></p></div>
<?cs /if ?><?cs if:job.cancelling ?><p>It was asked to stop and ends in a moment.</p>
<?cs /if ?><?cs if:!job.ended ?><p class="muted">You can close this page; the job continues.<?cs if:job.will_mail ?> We will mail you when it has ended.<?cs /if ?></p>
<div class="actions"><a class="button" href="<?cs var:job.href ?>">Refresh</a><?cs if:page.may.backup && !job.cancelling ?> <?cs call:act(job.href + "/cancel", "Cancel this job", "danger") ?><?cs /if ?></div>
<?cs /if ?><?cs if:job.failed ?><div class="notice is-bad" role="alert"><?cs call:icon("failed") ?><div><p><strong><?cs var:job.error ?></strong><?cs if:job.exit_code ?> Exit code <?cs var:job.exit_code ?>.<?cs /if ?></p><?cs
if:subcount(job.last) ?><pre><?cs each:l = job.last ?><?cs var:l.text ?>
<?cs /each ?></pre><?cs /if ?><?cs if:job.of_restore ?><p>What became of the target stands on the page of the restore.</p><?cs else ?><p>Nothing half-written is listed; earlier backups are untouched.</p><?cs /if ?></div></div>
<?cs elif:job.cancelled ?><p>It was cancelled.<?cs if:job.of_restore ?> What became of the target stands on the page of the restore.<?cs else ?> Nothing half-written is listed.<?cs /if ?></p>
<?cs elif:job.result ?><div class="notice <?cs if:job.check.tone == "bad" ?>is-bad<?cs else ?>is-good<?cs /if ?>"><?cs call:icon(job.check.icon) ?><p class="note"><?cs var:job.result ?></p></div>
<?cs elif:job.warnings ?><p><?cs if:job.warnings == "1" ?>One warning; it stands<?cs else ?><?cs var:job.warnings ?> warnings; they stand<?cs /if ?> in the log.</p>
<?cs /if ?><?cs if:job.mail.word ?><dl class="facts"><dt>Mail</dt><dd><?cs call:state(job.mail) ?> to <?cs var:job.mail.to ?><?cs if:job.mail.error ?><span class="why"><?cs var:job.mail.error ?></span><?cs /if ?></dd></dl>
<?cs /if ?><?cs if:job.ended ?><div class="actions"><?cs if:job.subject.href ?><a class="button is-primary" href="<?cs var:job.subject.href ?>"><?cs if:job.download ?>To the download<?cs elif:job.of_restore ?>To restore<?cs elif:job.check ?>To the service<?cs else ?>To backup<?cs /if ?> <?cs var:job.subject.text ?></a> <?cs /if ?><?cs
if:!job.repeatable ?><?cs elif:page.may.backup && !job.succeeded ?><?cs call:act(job.href + "/retry", "Try again", "") ?><?cs elif:page.may.backup ?><?cs call:act(job.href + "/retry", "Do it again", "") ?><?cs /if ?></div>
<?cs /if ?><?cs include!"part_log.cs" ?>
</div>
