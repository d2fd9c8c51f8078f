<?cs # part_failed.html.cs: reason, exit code and log of a failure ?><p><strong><?cs var:reason ?></strong></p>
<?cs if:exit_code ?><p>The tool ended with exit code <?cs var:exit_code ?>.</p>
<?cs /if ?><?cs if:subcount(log) ?><p>The last lines of the log:</p>
<pre><?cs each:line = log ?><?cs var:line.stream ?> | <?cs var:line.text ?>
<?cs /each ?></pre>
<?cs /if ?><p><a href="<?cs var:job.url ?>">The whole log, and what to try</a></p>
