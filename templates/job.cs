<?cs # job.cs: one job ?><?cs include!"macros.cs" ?><?cs include!"head.cs" ?>
<?cs include!"part_job.cs" ?>
<dl class="facts">
<dt>Asked for by</dt><dd><?cs var:job.by ?></dd>
<dt>Asked for</dt><dd><?cs call:time(job.created) ?></dd>
<dt>Started</dt><dd><?cs call:time(job.started) ?></dd>
<dt>Ended</dt><dd><?cs call:time(job.finished) ?></dd>
</dl>
<?cs include!"foot.cs" ?>
